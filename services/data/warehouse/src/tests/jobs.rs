//! The job that compares tables, through the contract of jobs.

use super::house::*;
use proto::tessera::jobs::v1::{self as pb, jobs_service_client::JobsServiceClient};
use testkit::eventually;

async fn submit(house: &House, channel: rpc::Channel, input: &str) -> pb::Job {
    let ask = pb::SubmitJobRequest {
        service: "warehouse".to_owned(),
        kind: "warehouse.check-tables".to_owned(),
        input: input.to_owned(),
        ..Default::default()
    };
    let mut client = JobsServiceClient::new(channel.clone());
    let job = client.submit_job(ask).await.unwrap().into_inner();
    let _ = house;
    eventually("the job's end", async || {
        let ask = pb::GetJobRequest {
            service: "warehouse".to_owned(),
            job_id: job.id.clone(),
            ..Default::default()
        };
        let mut client = JobsServiceClient::new(channel.clone());
        let job = client.get_job(ask).await.unwrap().into_inner();
        job.end_time.is_some().then_some(job)
    })
    .await
}

testkit::both! {
    async fn tables_are_checked_one_by_one(house: House) {
        house.define(claim());
        house.insert("claim", "claim_id, day, state, parts, amount", &[("'a', '2026-01-31', 'open', 2, 12345", Some("2026-01-31T00:00:00Z"))]).await;
        let job = submit(&house, house.bench.process_for_admin(), "").await;
        assert_eq!(job.state(), pb::JobState::Succeeded, "{job:?}");
        assert_eq!(job.output, r#"{"checked":1,"drifts":0}"#);
        assert_eq!(job.steps, 2);
        let place = house.place("claim").await;
        house.by_hand(&format!("ALTER TABLE {place} DROP COLUMN parts")).await;
        let job = submit(&house, house.bench.process_for_admin(), r#"{"repair":true}"#).await;
        assert_eq!(job.output, r#"{"checked":1,"drifts":1}"#);
        assert_eq!(house.check(false).await, [], "it is put right");
        let denied = submit(&house, house.bench.process_with_row_filters(&["warehouse.tables.read"], &[]), "").await;
        assert_eq!((denied.state(), denied.error.unwrap().reason.as_str()), (pb::JobState::Failed, "PERMISSION_DENIED"));
    }
}
