//! What others hear of jobs: `tessera.jobs.v1.JobChanged`, in the transaction of the change.

use super::{By, Record};
use crate::{contract::render, model::state::State};
use auth::clearance::{self, Level};
use db::{Conn, Failure, outbox};
use prost::Message;
use proto::tessera::jobs::v1::JobChanged;
use value::{Id, Json, Time};

/// Where changes of jobs are told.
pub(crate) const TOPIC: &str = "tessera.jobs.v1.JobChanged";

/// Puts the event of a change into the outbox.
pub(super) fn announce(
    c: &mut Conn,
    service: &str,
    record: &Record,
    from: Option<State>,
    by: (&By, Time),
) -> Result<(), Failure> {
    put(c, service, record, (from, false), by)
}

/// Puts the last event of a job into the outbox: it is deleted in this transaction.
pub(super) fn announce_end(
    c: &mut Conn,
    service: &str,
    record: &Record,
    by: (&By, Time),
) -> Result<(), Failure> {
    let last = Record {
        version: record.version + 1,
        ..record.clone()
    };
    put(c, service, &last, (Some(record.state), true), by)
}

fn put(
    c: &mut Conn,
    service: &str,
    record: &Record,
    (from, deleted): (Option<State>, bool),
    (by, now): (&By, Time),
) -> Result<(), Failure> {
    let job = render::brief(service, record);
    let correlation = Some(job.correlation_id.clone()).filter(|id| !id.is_empty());
    let event = JobChanged {
        job: Some(job),
        from_state: from.map_or(0, |state| render::state(state) as i32),
        automatic: by.automatic,
        actor: by.actor.clone(),
        reason: by.reason.clone(),
        deleted,
        change_time: Some(proto::time::to_proto(now)),
    };
    let event = outbox::Event {
        id: Id::new(),
        tenant: record.tenant,
        topic: TOPIC.to_owned(),
        lane: record.id.to_string(),
        version: record.version,
        payload: event.encode_to_vec(),
        created_at: now,
        leased_until: None,
    };
    let note = outbox::Note {
        correlation,
        headers: secrecy(Level::of(record.security_level)),
        ..outbox::Note::default()
    };
    outbox::put_noted(c, vec![outbox::Waiting { event, note }])
}

/// Who may read of a job of that level, as messages say it.
fn secrecy(level: Level) -> Option<Json> {
    let said = serde_json::json!({ clearance::ATTRIBUTE: level.as_str() });
    (level > Level::Internal).then_some(Json(said))
}
