//! Entries of the audit trail as users see them.

use super::id_of;
use crate::model::audit::{Action, AuditEntry, Outcome, Subject};
use crate::store::AuditQuery;
use error::Result;
use proto_work::tessera::operations::v1 as pb;

/// Which entries to list.
pub(crate) fn query(ask: pb::ListAuditEntriesRequest, usual: u16) -> Result<AuditQuery> {
    Ok(AuditQuery {
        operation: id_of("operation_id", &ask.operation_id)?,
        schedule: id_of("schedule_id", &ask.schedule_id)?,
        size: super::size(ask.page_size, usual),
        token: ask.page_token,
    })
}

/// One entry.
pub(crate) fn entry(entry: AuditEntry) -> pb::AuditEntry {
    let (operation_id, schedule_id) = match entry.subject {
        Subject::Operation(id) => (id.to_string(), String::new()),
        Subject::Schedule(id) => (String::new(), id.to_string()),
        Subject::New => (String::new(), String::new()),
    };
    let (outcome, failure) = match entry.outcome {
        Outcome::Asked => (pb::AuditOutcome::Asked, String::new()),
        Outcome::Done => (pb::AuditOutcome::Done, String::new()),
        Outcome::Refused(reason) => (pb::AuditOutcome::Refused, reason),
    };
    pb::AuditEntry {
        id: entry.id.to_string(),
        operation_id,
        schedule_id,
        service: entry.service,
        actor: entry.actor,
        action: action(entry.action).into(),
        detail: entry.detail.to_string(),
        outcome: outcome.into(),
        failure,
        create_time: Some(proto::time::to_proto(entry.at)),
    }
}

fn action(action: Action) -> pb::AuditAction {
    match action {
        Action::Create => pb::AuditAction::Create,
        Action::Update => pb::AuditAction::Update,
        Action::Delete => pb::AuditAction::Delete,
        Action::Cancel => pb::AuditAction::Cancel,
        Action::Pause => pb::AuditAction::Pause,
        Action::Resume => pb::AuditAction::Resume,
        Action::Signal => pb::AuditAction::Signal,
        Action::RollBack => pb::AuditAction::RollBack,
        Action::Checkpoint => pb::AuditAction::Checkpoint,
        Action::Transition => pb::AuditAction::Transition,
        Action::CreateSchedule => pb::AuditAction::CreateSchedule,
        Action::UpdateSchedule => pb::AuditAction::UpdateSchedule,
        Action::DeleteSchedule => pb::AuditAction::DeleteSchedule,
        Action::RunSchedule => pb::AuditAction::RunSchedule,
    }
}
