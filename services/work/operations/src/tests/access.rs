//! Who sees what.

use super::*;

const READ: &str = "operations.operations.read";

both! {
    /// Proves: OP-05
    async fn another_tenants_operation_does_not_exist(house: House) {
        let job = house.told(|_| {}).await;
        let mut stranger = client(house.bench.stranger());
        let id = job.id.clone();
        let refusals = [
            stranger.get_operation(get(&id)).await.unwrap_err(),
            stranger.cancel_operation(pb::CancelOperationRequest { id: id.clone(), ..Default::default() }).await.unwrap_err(),
            stranger.signal_operation(pb::SignalOperationRequest { id: id.clone(), name: "go".into(), ..Default::default() }).await.unwrap_err(),
            stranger.roll_back_operation(pb::RollBackOperationRequest { id: id.clone(), ..Default::default() }).await.unwrap_err(),
            stranger.list_states(pb::ListStatesRequest { id: id.clone(), ..Default::default() }).await.unwrap_err(),
            stranger.wait_operation(pb::WaitOperationRequest { id: id.clone(), ..Default::default() }).await.unwrap_err(),
            stranger.watch_operation(pb::WatchOperationRequest { id: id.clone() }).await.unwrap_err(),
            stranger.delete_operation(pb::DeleteOperationRequest { id: id.clone(), ..Default::default() }).await.unwrap_err(),
        ];
        for refused in refusals {
            assert_eq!(refused.code(), Code::NotFound, "{refused}");
        }
        let page = stranger.list_operations(pb::ListOperationsRequest::default()).await.unwrap().into_inner();
        assert!(page.operations.is_empty());
        let trail = stranger.list_audit_entries(pb::ListAuditEntriesRequest::default()).await.unwrap().into_inner();
        assert!(trail.entries.is_empty());
        assert!(house.owner.heard().is_empty(), "nobody was asked for anything");
    }

    async fn without_permission_nothing_is_looked_at(house: House) {
        let job = house.told(|_| {}).await;
        let refused = client(house.bench.anonymous()).get_operation(get(&job.id)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        let mut reader = house.with_permissions(&[READ]);
        reader.get_operation(get(&job.id)).await.unwrap();
        let cancel = pb::CancelOperationRequest { id: job.id.clone(), ..Default::default() };
        assert_eq!(reader.cancel_operation(cancel).await.unwrap_err().code(), Code::PermissionDenied);
        let delete = pb::DeleteOperationRequest { id: job.id, ..Default::default() };
        let mut writer = house.with_permissions(&["*.read", "*.write"]);
        assert_eq!(writer.delete_operation(delete).await.unwrap_err().code(), Code::PermissionDenied);
    }

    /// Proves: OP-24
    async fn what_is_above_ones_clearance_does_not_exist(house: House) {
        let level = |level: jobs::SecurityLevel| move |job: &mut jobs::Job| job.set_security_level(level);
        let open = house.told(|_| {}).await;
        let confidential = house.told(level(jobs::SecurityLevel::Confidential)).await;
        let restricted = house.told(level(jobs::SecurityLevel::Restricted)).await;
        let all = [&open.id, &confidential.id, &restricted.id];
        for (held, seen) in [
            (vec!["*.read", "*.write"], 1),
            (vec!["*.read", "*.write", "operations.confidential.admin"], 2),
            (vec!["*.read", "*.write", "operations.restricted.admin"], 3),
            (vec!["*"], 3),
        ] {
            let mut someone = house.with_permissions(&held);
            let page = someone.list_operations(pb::ListOperationsRequest::default()).await.unwrap().into_inner();
            assert_eq!(page.operations.len(), seen, "{held:?}");
            for (at, id) in all.into_iter().enumerate() {
                let got = someone.get_operation(get(id)).await;
                assert_eq!(got.is_ok(), at < seen, "{held:?} {at}");
                let hinted = pb::GetOperationRequest { service: "simulation".into(), ..get(id) };
                assert_eq!(someone.get_operation(hinted).await.is_ok(), at < seen);
                let pause = pb::PauseOperationRequest { id: id.clone(), ..Default::default() };
                let paused = someone.pause_operation(pause).await;
                assert_eq!(paused.is_ok(), at < seen);
                if let Err(refused) = paused {
                    assert_eq!(refused.code(), Code::NotFound);
                }
            }
            let batch = pb::BatchGetOperationsRequest { ids: all.into_iter().cloned().collect() };
            let batch = someone.batch_get_operations(batch).await.unwrap().into_inner();
            assert_eq!(batch.operations.len(), seen);
            let trail = someone.list_audit_entries(pb::ListAuditEntriesRequest::default()).await.unwrap().into_inner();
            let shown: std::collections::BTreeSet<_> = trail.entries.iter().map(|entry| &entry.operation_id).collect();
            assert!(shown.len() <= seen, "{held:?}");
        }
    }

    /// Proves: OP-24
    async fn an_operation_that_is_raised_disappears_with_its_trail(house: House) {
        let job = house.told(|_| {}).await;
        let mut editor = house.with_permissions(&["*.read", "*.write"]);
        let pause = pb::PauseOperationRequest { id: job.id.clone(), ..Default::default() };
        editor.pause_operation(pause).await.unwrap();
        let raise = |level: pb::SecurityLevel| pb::UpdateOperationRequest {
            operation: Some(pb::Operation { id: job.id.clone(), security_level: level.into(), ..Default::default() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["security_level".to_owned()] }),
            reason: "it holds names".to_owned(),
        };
        let refused = error::Error::from(editor.update_operation(raise(pb::SecurityLevel::Restricted)).await.unwrap_err());
        assert_eq!((refused.reason(), refused.metadata()["permission"].as_str()), ("CLEARANCE_TOO_LOW", "operations.restricted.admin"));
        let trail = pb::ListAuditEntriesRequest { operation_id: job.id.clone(), ..Default::default() };
        assert!(!editor.list_audit_entries(trail.clone()).await.unwrap().into_inner().entries.is_empty());
        let raised = house.admin().update_operation(raise(pb::SecurityLevel::Restricted)).await.unwrap().into_inner();
        assert_eq!(raised.security_level(), pb::SecurityLevel::Restricted);
        assert_eq!(editor.get_operation(get(&job.id)).await.unwrap_err().code(), Code::NotFound);
        assert!(editor.list_audit_entries(trail.clone()).await.unwrap().into_inner().entries.is_empty());
        assert!(!house.admin().list_audit_entries(trail).await.unwrap().into_inner().entries.is_empty());
    }
}
