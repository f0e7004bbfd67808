//! What is asked of owners, and as whom.

use super::*;

both! {
    /// Proves: OP-22
    async fn commands_reach_the_owner_as_the_caller(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        let id = job.id.clone();
        let pause = pb::PauseOperationRequest { id: id.clone(), ..Default::default() };
        let paused = admin.pause_operation(pause).await.unwrap().into_inner();
        assert_eq!((paused.state(), paused.done), (pb::OperationState::Paused, false));
        // The list knows before the event comes.
        let page = admin.list_operations(pb::ListOperationsRequest::default()).await.unwrap().into_inner();
        assert_eq!(page.operations[0].state(), pb::OperationState::Paused);
        let resume = pb::ResumeOperationRequest { id: id.clone(), ..Default::default() };
        admin.resume_operation(resume.clone()).await.unwrap();
        let signal = pb::SignalOperationRequest { id: id.clone(), name: "go".into(), payload: "{}".into(), ..Default::default() };
        admin.signal_operation(signal.clone()).await.unwrap();
        let cancel = pb::CancelOperationRequest { id: id.clone(), reason: "enough".into(), ..Default::default() };
        let cancelled = admin.cancel_operation(cancel.clone()).await.unwrap().into_inner();
        assert_eq!((cancelled.state(), cancelled.done), (pb::OperationState::Cancelled, true));
        // What its owner refuses is refused here.
        for refused in [
            admin.cancel_operation(cancel).await.unwrap_err(),
            admin.resume_operation(resume).await.unwrap_err(),
        ] {
            assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "FAILED_PRECONDITION"));
        }
        let me = house.bench.admin_principal().id.to_string();
        let heard = house.owner.heard();
        assert!(heard.iter().all(|(_, who)| *who == me), "{heard:?}");
        let heard: Vec<_> = heard.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(heard, ["pause", "resume", "signal", "cancel", "cancel", "resume"]);
        let bad = pb::SignalOperationRequest { payload: "{".into(), ..signal };
        let refused = error::Error::from(admin.signal_operation(bad).await.unwrap_err());
        assert_eq!(refused.violations()[0].field, "payload");
    }

    /// Proves: OP-06, OP-08
    async fn rolling_back_says_what_could_not_be_undone(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        let make = pb::CreateCheckpointRequest { id: job.id.clone(), name: "before".into(), request_id: "once".into(), ..Default::default() };
        let made = admin.create_checkpoint(make.clone()).await.unwrap().into_inner();
        assert_eq!(admin.create_checkpoint(make).await.unwrap().into_inner(), made, "the same request is one checkpoint");
        let list = pb::ListCheckpointsRequest { id: job.id.clone(), ..Default::default() };
        let list = admin.list_checkpoints(list).await.unwrap().into_inner();
        assert_eq!(list.checkpoints, std::slice::from_ref(&made));
        let one = pb::GetCheckpointRequest { id: job.id.clone(), checkpoint_id: made.id.clone() };
        assert_eq!(admin.get_checkpoint(one).await.unwrap().into_inner().state, "{\"at\":1}");
        let back = pb::RollBackOperationRequest { id: job.id.clone(), checkpoint_id: made.id.clone(), ..Default::default() };
        let back = admin.roll_back_operation(back).await.unwrap().into_inner();
        assert_eq!(back.state(), pb::OperationState::RolledBack);
        let rollback = back.rollback.unwrap();
        assert_eq!((rollback.checkpoint_id, rollback.undone, rollback.not_undone_count), (made.id, 3, 1));
        assert_eq!((rollback.not_undone[0].seq, rollback.not_undone[0].name.as_str()), (2, "send"));
    }

    /// Proves: OP-07
    async fn checkpoints_are_of_four_sorts(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        let make = |kind: i32| pb::CreateCheckpointRequest { id: job.id.clone(), r#type: kind, ..Default::default() };
        for kind in 1..=4 {
            let made = admin.create_checkpoint(make(kind)).await.unwrap().into_inner();
            assert_eq!(made.r#type, kind);
        }
        let refused = error::Error::from(admin.create_checkpoint(make(5)).await.unwrap_err());
        assert_eq!(refused.violations()[0].field, "type");
    }

    async fn work_of_an_open_kind_is_begun_by_hand(house: House) {
        let mut admin = house.admin();
        let new = |change: fn(&mut pb::Operation)| {
            let mut operation = pb::Operation {
                service: "simulation".into(),
                kind: "simulation.run".into(),
                title: "Another world".into(),
                input: "{}".into(),
                ..Default::default()
            };
            change(&mut operation);
            pb::CreateOperationRequest { operation: Some(operation), ..Default::default() }
        };
        let made = admin.create_operation(new(|_| {})).await.unwrap().into_inner();
        assert_eq!((made.title.as_str(), made.state()), ("Another world", pb::OperationState::Queued));
        admin.get_operation(get(&made.id)).await.unwrap();
        let refused = error::Error::from(admin.create_operation(new(|one| {
            one.kind.clear();
            one.service.clear();
            one.input = "{".into();
        })).await.unwrap_err());
        let fields: Vec<_> = refused.violations().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["operation.service", "operation.kind", "operation.input"]);
        let mut editor = house.with_permissions(&["*.read", "*.write"]);
        let secret = new(|one| one.set_security_level(pb::SecurityLevel::Confidential));
        assert_eq!(reason(&editor.create_operation(secret).await.unwrap_err()), "CLEARANCE_TOO_LOW");
        house.is_away("warehouse");
        let away = new(|one| one.service = "warehouse".into());
        assert_eq!(reason(&admin.create_operation(away).await.unwrap_err()), "OWNER_UNAVAILABLE");
    }

    /// Proves: OP-25
    async fn operations_are_tagged_and_listed_by_tag(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        house.told(|job| job.compliance_tags = vec!["sox".into()]).await;
        let tag = |tags: &[&str], path: &str| pb::UpdateOperationRequest {
            operation: Some(pb::Operation {
                id: job.id.clone(),
                compliance_tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
                ..Default::default()
            }),
            update_mask: Some(prost_types::FieldMask { paths: vec![path.to_owned()] }),
            reason: String::new(),
        };
        let tagged = admin.update_operation(tag(&["gdpr", "sox"], "compliance_tags")).await.unwrap().into_inner();
        assert_eq!((tagged.compliance_tags.len(), tagged.security_level()), (2, pb::SecurityLevel::Internal));
        let of = |tag: &str| pb::ListOperationsRequest { compliance_tag: tag.to_owned(), ..Default::default() };
        let count = async |admin: &mut Client, tag: &str| {
            admin.list_operations(of(tag)).await.unwrap().into_inner().operations.len()
        };
        assert_eq!((count(&mut admin, "gdpr").await, count(&mut admin, "sox").await, count(&mut admin, "x").await), (1, 2, 0));
        admin.update_operation(tag(&["sox"], "compliance_tags")).await.unwrap();
        assert_eq!((count(&mut admin, "gdpr").await, count(&mut admin, "sox").await), (0, 2));
        let refused = admin.update_operation(tag(&[], "title")).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FIELD_MASK");
    }

    async fn what_has_ended_is_deleted(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        let delete = pb::DeleteOperationRequest { id: job.id.clone(), ..Default::default() };
        assert_eq!(admin.delete_operation(delete.clone()).await.unwrap_err().code(), Code::FailedPrecondition);
        let cancel = pb::CancelOperationRequest { id: job.id.clone(), ..Default::default() };
        admin.cancel_operation(cancel).await.unwrap();
        admin.delete_operation(delete.clone()).await.unwrap();
        assert_eq!(admin.get_operation(get(&job.id)).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(admin.delete_operation(delete).await.unwrap_err().code(), Code::NotFound);
        let trail = pb::ListAuditEntriesRequest { operation_id: job.id, ..Default::default() };
        let trail = admin.list_audit_entries(trail).await.unwrap().into_inner();
        assert_eq!(trail.entries[0].action(), pb::AuditAction::Delete);
    }
}
