//! Every change leaves who did it, what, when, and how it ended.

use super::*;

both! {
    /// Proves: OP-23
    async fn every_change_names_who_and_when(house: House) {
        let mut admin = house.admin();
        let job = house.told(|_| {}).await;
        let id = job.id.clone();
        admin.pause_operation(pb::PauseOperationRequest { id: id.clone(), reason: "lunch".into(), ..Default::default() }).await.unwrap();
        admin.cancel_operation(pb::CancelOperationRequest { id: id.clone(), ..Default::default() }).await.unwrap();
        admin.cancel_operation(pb::CancelOperationRequest { id: id.clone(), ..Default::default() }).await.unwrap_err();
        admin.create_checkpoint(pb::CreateCheckpointRequest { id: id.clone(), ..Default::default() }).await.unwrap();
        admin.roll_back_operation(pb::RollBackOperationRequest { id: id.clone(), ..Default::default() }).await.unwrap();
        house.send_away();
        admin.resume_operation(pb::ResumeOperationRequest { id: id.clone(), ..Default::default() }).await.unwrap_err();
        let ask = pb::ListAuditEntriesRequest { operation_id: id.clone(), page_size: 4, ..Default::default() };
        let first = admin.list_audit_entries(ask.clone()).await.unwrap().into_inner();
        let rest = pb::ListAuditEntriesRequest { page_token: first.next_page_token.clone(), ..ask };
        let rest = admin.list_audit_entries(rest).await.unwrap().into_inner();
        assert_eq!((first.entries.len(), rest.next_page_token.as_str()), (4, ""));
        let entries: Vec<_> = first.entries.into_iter().chain(rest.entries).collect();
        let me = format!("user:{}", house.bench.admin_principal().id);
        for entry in &entries {
            assert_eq!((entry.actor.as_str(), entry.operation_id.as_str()), (me.as_str(), id.as_str()));
            assert!(entry.create_time.is_some());
        }
        let mut told: Vec<_> = entries.iter().map(|entry| (entry.action(), entry.outcome(), entry.failure.as_str())).collect();
        // The bench's clock stands still, so entries of one moment stand in the order of their ids.
        told.reverse();
        assert_eq!(told, [
            (pb::AuditAction::Pause, pb::AuditOutcome::Done, ""),
            (pb::AuditAction::Cancel, pb::AuditOutcome::Done, ""),
            (pb::AuditAction::Cancel, pb::AuditOutcome::Refused, "FAILED_PRECONDITION"),
            (pb::AuditAction::Checkpoint, pb::AuditOutcome::Done, ""),
            (pb::AuditAction::RollBack, pb::AuditOutcome::Done, ""),
            (pb::AuditAction::Resume, pb::AuditOutcome::Refused, "OWNER_UNAVAILABLE"),
        ]);
        assert!(entries.last().unwrap().detail.contains("lunch"));
    }

    async fn what_others_did_by_hand_is_there_and_what_the_platform_did_is_not(house: House) {
        let tenant = house.bench.tenant();
        let job = house.told(|_| {}).await;
        let by_hand = jobs::JobChanged {
            automatic: false,
            actor: "user:z".to_owned(),
            reason: "wrong seed".to_owned(),
            from_state: jobs::JobState::Running.into(),
            ..changed(&jobs::Job { version: 2, state: jobs::JobState::Cancelled.into(), ..job.clone() })
        };
        house.post.deliver(tenant, by_hand).await;
        let trail = pb::ListAuditEntriesRequest { operation_id: job.id, ..Default::default() };
        let trail = house.admin().list_audit_entries(trail).await.unwrap().into_inner();
        assert_eq!(trail.entries.len(), 1);
        let entry = &trail.entries[0];
        assert_eq!((entry.action(), entry.actor.as_str()), (pb::AuditAction::Transition, "user:z"));
        for word in ["running", "cancelled", "wrong seed"] {
            assert!(entry.detail.contains(word), "{}", entry.detail);
        }
    }
}
