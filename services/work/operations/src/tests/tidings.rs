//! What is heard of work, and how often.

use super::*;
use prost::Message;

both! {
    /// Proves: OP-01
    async fn what_is_told_is_listed_and_got(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        let page = admin.list_operations(pb::ListOperationsRequest::default()).await.unwrap().into_inner();
        assert_eq!((page.operations.len(), page.next_page_token.as_str()), (1, ""));
        let listed = &page.operations[0];
        assert_eq!((listed.id.as_str(), listed.state(), listed.input.as_str()), (job.id.as_str(), pb::OperationState::Running, ""));
        let got = admin.get_operation(get(&job.id)).await.unwrap().into_inner();
        assert_eq!((got.input.as_str(), got.stale, got.details), ("{\"seed\":7}", false, None));
        let ids = vec![job.id.clone(), Id::new().to_string()];
        let batch = admin.batch_get_operations(pb::BatchGetOperationsRequest { ids }).await.unwrap().into_inner();
        assert_eq!((batch.operations.len(), batch.missing_ids.len()), (1, 1));
    }

    async fn a_repeated_event_changes_nothing(house: House) {
        let tenant = house.bench.tenant();
        let job = house.job(|_| {});
        let event = jobs::JobChanged { automatic: false, actor: "user:y".to_owned(), ..changed(&job) };
        let (id, bytes) = (Id::new(), event.encode_to_vec());
        for _ in 0..2 {
            let settled = house.post.deliver_as(id, tenant, bytes.clone()).await;
            assert_eq!((settled.done.len(), settled.refused.len()), (1, 0));
        }
        let trail = pb::ListAuditEntriesRequest { operation_id: job.id.clone(), ..Default::default() };
        let trail = house.admin().list_audit_entries(trail).await.unwrap().into_inner();
        assert_eq!(trail.entries.len(), 1, "{:?}", trail.entries);
        assert_eq!(trail.entries[0].actor, "user:y");
    }

    async fn a_late_event_changes_nothing(house: House) {
        let job = house.told(|job| {
            job.version = 5;
            job.set_state(jobs::JobState::Succeeded);
            job.compliance_tags = vec!["gdpr".to_owned()];
        }).await;
        let late = jobs::Job { version: 4, state: jobs::JobState::Running.into(), compliance_tags: vec![], ..job.clone() };
        house.tell(&late).await;
        let ask = pb::ListOperationsRequest { compliance_tag: "gdpr".to_owned(), ..Default::default() };
        let page = house.admin().list_operations(ask).await.unwrap().into_inner();
        assert_eq!(page.operations[0].state(), pb::OperationState::Succeeded);
        let newer = jobs::Job { version: 6, state: jobs::JobState::RollingBack.into(), ..job };
        house.tell(&newer).await;
        let page = house.admin().list_operations(pb::ListOperationsRequest::default()).await.unwrap().into_inner();
        assert_eq!(page.operations[0].state(), pb::OperationState::RollingBack);
    }

    /// Proves: OP-10
    async fn what_was_deleted_does_not_come_back_but_its_id_may_live_again(house: House) {
        let mut admin = house.admin();
        let list = || pb::ListOperationsRequest { compliance_tag: "gdpr".to_owned(), ..Default::default() };
        let job = house.told(|job| job.compliance_tags = vec!["gdpr".to_owned()]).await;
        let gone = jobs::JobChanged { deleted: true, ..changed(&jobs::Job { version: 3, ..job.clone() }) };
        house.owner.lose(&job.id);
        house.post.deliver(house.bench.tenant(), gone).await;
        assert!(admin.list_operations(list()).await.unwrap().into_inner().operations.is_empty());
        let late = jobs::Job { version: 2, ..job.clone() };
        house.tell(&late).await;
        assert!(admin.list_operations(list()).await.unwrap().into_inner().operations.is_empty());
        let refused = admin.get_operation(get(&job.id)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let refused = admin.list_checkpoints(pb::ListCheckpointsRequest { id: job.id.clone(), ..Default::default() }).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let again = jobs::Job {
            create_time: Some(proto::time::to_proto(Time::from_micros(1_790_000_009_000_000))),
            ..job
        };
        house.tell(&again).await;
        assert_eq!(admin.list_operations(list()).await.unwrap().into_inner().operations.len(), 1);
    }

    async fn an_event_that_is_wrong_is_refused_for_good(house: House) {
        let tenant = house.bench.tenant();
        let job = house.job(|job| job.kind.clear());
        let settled = house.post.deliver(tenant, changed(&job)).await;
        assert!(settled.refused[0].fatal, "{settled:?}");
        // One of another tenant than its envelope says is no better.
        let other = job_of(house.bench.other_tenant(), |_| {});
        let settled = house.post.deliver(tenant, changed(&other)).await;
        assert!(settled.refused[0].fatal, "{settled:?}");
        let page = house.admin().list_operations(pb::ListOperationsRequest::default()).await.unwrap().into_inner();
        assert!(page.operations.is_empty());
    }

    /// What has begun is found at once, also before the first event of it was heard; where a service cannot be asked, nobody says that
    /// there is no such operation.
    async fn one_that_was_not_told_yet_is_found(house: House) {
        let mut admin = house.admin();
        let put = || {
            let job = house.job(|_| {});
            house.owner.put(job.clone());
            job
        };
        let job = put();
        assert_eq!(admin.get_operation(get(&job.id)).await.unwrap().into_inner().service, "simulation");
        let cancel = pb::CancelOperationRequest { id: put().id, ..Default::default() };
        assert_eq!(admin.cancel_operation(cancel).await.unwrap().into_inner().state(), pb::OperationState::Cancelled);
        let secret = house.job(|job| job.set_security_level(jobs::SecurityLevel::Restricted));
        house.owner.put(secret.clone());
        let mut reader = house.with_permissions(&["*.read"]);
        assert_eq!(reader.get_operation(get(&secret.id)).await.unwrap_err().code(), Code::NotFound);
        let (there, nowhere) = (put(), Id::new().to_string());
        assert_eq!(admin.get_operation(get(&nowhere)).await.unwrap_err().code(), Code::NotFound);
        house.is_away("warehouse");
        assert_eq!(admin.get_operation(get(&there.id)).await.unwrap().into_inner().id, there.id);
        assert_eq!(reason(&admin.get_operation(get(&nowhere)).await.unwrap_err()), "OWNER_UNAVAILABLE");
        let job = put();
        let named = pb::GetOperationRequest { service: "simulation".to_owned(), ..get(&job.id) };
        assert_eq!(admin.get_operation(named.clone()).await.unwrap().into_inner().id, job.id);
        let refused = client(house.bench.stranger()).get_operation(named).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let elsewhere = pb::GetOperationRequest { service: "nowhere".to_owned(), ..get(&Id::new().to_string()) };
        assert_eq!(reason(&admin.get_operation(elsewhere).await.unwrap_err()), "OWNER_UNAVAILABLE");
    }

    async fn where_the_owner_is_away_the_answer_is_stale_and_commands_fail(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        house.send_away();
        let ask = pb::GetOperationRequest { view: pb::OperationView::Full.into(), ..get(&job.id) };
        let got = admin.get_operation(ask).await.unwrap().into_inner();
        assert_eq!((got.stale, got.details, got.input.as_str()), (true, None, ""));
        assert_eq!(got.progress.unwrap().done, 1);
        let cancel = pb::CancelOperationRequest { id: job.id.clone(), ..Default::default() };
        let refused = error::Error::from(admin.cancel_operation(cancel).await.unwrap_err());
        assert_eq!((refused.reason(), refused.kind()), ("OWNER_UNAVAILABLE", error::Kind::Unavailable));
        assert_eq!(refused.metadata()["service"], "simulation");
        assert!(refused.message().contains("simulation"), "{}", refused.message());
        let steps = pb::ListStepsRequest { id: job.id.clone(), ..Default::default() };
        assert_eq!(admin.list_steps(steps).await.unwrap_err().code(), Code::Unavailable);
        let page = admin.list_operations(pb::ListOperationsRequest::default()).await.unwrap().into_inner();
        assert_eq!(page.operations.len(), 1);
    }

    async fn what_its_owner_no_longer_has_is_gone(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        house.owner.lose(&job.id);
        assert_eq!(admin.get_operation(get(&job.id)).await.unwrap_err().code(), Code::NotFound);
        let page = admin.list_operations(pb::ListOperationsRequest::default()).await.unwrap().into_inner();
        assert!(page.operations.is_empty());
    }

    async fn tables_are_what_the_migrations_say(house: House) {
        assert_eq!(house.bench.drift().await, []);
    }
}
