//! Waiting for operations and following them.

use super::*;
use std::time::Duration;
use testkit::tokio;

fn wait(id: &str, seconds: i64) -> pb::WaitOperationRequest {
    pb::WaitOperationRequest {
        id: id.to_owned(),
        timeout: Some(prost_types::Duration { seconds, nanos: 0 }),
    }
}

both! {
    async fn a_wait_ends_with_the_operation_or_with_its_time(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        let still = admin.wait_operation(wait(&job.id, 0)).await.unwrap().into_inner();
        assert_eq!((still.done, still.state()), (false, pb::OperationState::Running));
        let (mut other, id) = (house.admin(), job.id.clone());
        let waiting = tokio::spawn(async move { other.wait_operation(wait(&id, 60)).await });
        let done = house.owner.change(&job.id, |job| job.set_state(jobs::JobState::Succeeded)).unwrap();
        house.tell(&done).await;
        let ended = waiting.await.unwrap().unwrap().into_inner();
        assert_eq!((ended.done, ended.state()), (true, pb::OperationState::Succeeded));
        let asked = admin.wait_operation(wait(&job.id, 400)).await.unwrap_err();
        assert_eq!(asked.code(), Code::InvalidArgument);
    }

    async fn a_call_that_waits_less_gets_what_is_known_then(house: House) {
        let job = house.told(|_| {}).await;
        let mut ask = tonic::Request::new(wait(&job.id, 60));
        ask.set_timeout(Duration::from_millis(1_500));
        let still = house.admin().wait_operation(ask).await.unwrap().into_inner();
        assert!(!still.done);
    }

    /// Proves: EVT-03
    async fn a_follower_sees_each_change_and_the_end(house: House) {
        let job = house.told(|_| {}).await;
        let mut stream = house.admin().watch_operation(pb::WatchOperationRequest { id: job.id.clone() }).await.unwrap().into_inner();
        let first = stream.message().await.unwrap().unwrap();
        assert_eq!(first.progress.unwrap().done, 1);
        let on = house.owner.change(&job.id, |job| job.progress.as_mut().unwrap().done = 5).unwrap();
        house.tell(&on).await;
        let second = stream.message().await.unwrap().unwrap();
        assert_eq!((second.progress.unwrap().done, second.done), (5, false));
        let end = house.owner.change(&job.id, |job| job.set_state(jobs::JobState::Failed)).unwrap();
        house.tell(&end).await;
        let last = stream.message().await.unwrap().unwrap();
        assert_eq!((last.state(), last.done), (pb::OperationState::Failed, true));
        assert_eq!(stream.message().await.unwrap(), None);
    }

    async fn a_follower_is_told_that_the_owner_went_away(house: House) {
        let job = house.told(|_| {}).await;
        let mut stream = house.admin().watch_operation(pb::WatchOperationRequest { id: job.id.clone() }).await.unwrap().into_inner();
        assert!(!stream.message().await.unwrap().unwrap().stale);
        house.send_away();
        let stale = stream.message().await.unwrap().unwrap();
        assert!(stale.stale && !stale.done);
    }
}
