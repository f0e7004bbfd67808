//! Transitions, steps and checkpoints under their operation.

use super::*;

both! {
    /// Proves: OP-02, OP-03, OP-04
    async fn transitions_say_when_by_whom_and_how_long_it_was_before(house: House) {
        let job = house.told(|_| {}).await;
        house.owner.states(vec![
            jobs::StateChange {
                number: 1,
                to_state: jobs::JobState::Queued.into(),
                actor: "user:x".into(),
                change_time: Some(prost_types::Timestamp { seconds: 10, nanos: 0 }),
                ..Default::default()
            },
            jobs::StateChange {
                number: 2,
                from_state: jobs::JobState::Queued.into(),
                to_state: jobs::JobState::Running.into(),
                automatic: true,
                actor: "system:worker".into(),
                time_in_previous: Some(prost_types::Duration { seconds: 3, nanos: 0 }),
                change_time: Some(prost_types::Timestamp { seconds: 13, nanos: 0 }),
                ..Default::default()
            },
        ]);
        let ask = pb::ListStatesRequest { id: job.id.clone(), ..Default::default() };
        let states = house.admin().list_states(ask).await.unwrap().into_inner().states;
        let told: Vec<_> = states.iter().map(|one| (one.from_state(), one.to_state(), one.automatic)).collect();
        assert_eq!(told, [
            (pb::OperationState::Unspecified, pb::OperationState::Queued, false),
            (pb::OperationState::Queued, pb::OperationState::Running, true),
        ]);
        assert_eq!(states[1].time_in_previous.unwrap().seconds, 3);
        assert!(states.iter().all(|one| one.change_time.is_some()));
        let unknown = pb::ListStatesRequest { id: Id::new().to_string(), ..Default::default() };
        assert_eq!(house.admin().list_states(unknown).await.unwrap_err().code(), Code::NotFound);
    }

    /// Proves: OP-11, OP-12, OP-13, OP-14, OP-15
    async fn steps_come_in_their_order_a_page_at_a_time(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        house.owner.steps(5);
        let mut ask = pb::ListStepsRequest { id: job.id.clone(), page_size: 2, ..Default::default() };
        let mut seqs = Vec::new();
        loop {
            let page = admin.list_steps(ask.clone()).await.unwrap().into_inner();
            seqs.extend(page.steps.iter().map(|step| step.seq));
            let step = &page.steps[0];
            assert_eq!((step.input.as_str(), step.output.as_str()), (format!("{{\"batch\":{}}}", step.seq).as_str(), "{\"rows\":5}"));
            assert!(step.start_time.is_some() && step.end_time.is_some());
            assert_eq!((step.attempts, step.max_attempts), (2, 5));
            assert_eq!(step.error.as_ref().unwrap().reason, "UNAVAILABLE");
            assert_eq!((step.quality, step.confidence), (Some(0.75), Some(0.5)));
            assert_eq!(step.compensation.as_ref().unwrap().state(), pb::CompensationState::Ready);
            ask.page_token = page.next_page_token;
            if ask.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(seqs, [1, 2, 3, 4, 5]);
    }

    /// Proves: OP-21
    async fn with_details_the_history_comes_along(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        house.owner.steps(150);
        house.owner.states(vec![jobs::StateChange { number: 1, ..Default::default() }]);
        let make = pb::CreateCheckpointRequest { id: job.id.clone(), ..Default::default() };
        admin.create_checkpoint(make).await.unwrap();
        let full = pb::GetOperationRequest { view: pb::OperationView::Full.into(), ..get(&job.id) };
        let details = admin.get_operation(full).await.unwrap().into_inner().details.unwrap();
        assert_eq!((details.states.len(), details.steps.len(), details.checkpoints.len()), (1, 100, 1));
        let on = pb::ListStepsRequest { id: job.id, page_size: 100, page_token: details.steps_page_token };
        let rest = admin.list_steps(on).await.unwrap().into_inner();
        assert_eq!((rest.steps.len(), rest.steps[0].seq), (50, 101));
    }

    async fn kinds_are_those_offered_and_those_heard_of(house: House) {
        let mut admin = house.admin();
        house.told(|job| job.kind = "simulation.old".into()).await;
        house.is_away("warehouse");
        house.told(|job| job.service = "warehouse".into()).await;
        let ask = pb::ListKindsRequest { page_size: 2, ..Default::default() };
        let page = admin.list_kinds(ask.clone()).await.unwrap().into_inner();
        assert_eq!(page.unreachable, ["warehouse"]);
        let rest = pb::ListKindsRequest { page_token: page.next_page_token, ..ask };
        let rest = admin.list_kinds(rest).await.unwrap().into_inner();
        let kinds = page.kinds.into_iter().chain(rest.kinds);
        let kinds: Vec<_> = kinds.map(|kind| (kind.service, kind.name, kind.open)).collect();
        assert_eq!(kinds, [
            ("simulation".to_owned(), "simulation.old".to_owned(), false),
            ("simulation".to_owned(), "simulation.run".to_owned(), true),
            ("warehouse".to_owned(), "simulation.run".to_owned(), false),
        ]);
    }
}
