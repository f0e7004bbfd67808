//! An owner's job into what is kept of it, and into the message for users.

use super::{id, id_of, time};
use crate::model::clearance::Level;
use crate::model::entry::{ByHand, Entry, Tiding};
use crate::model::state::State;
use crate::store::Known;
use error::{Error, Result, Violations};
use prost::Message;
use proto::tessera::jobs::v1 as jobs;
use proto_work::tessera::operations::v1 as pb;
use value::{Id, Time};

/// The topic of what owners tell.
pub(crate) const TOPIC: &str = "tessera.jobs.v1.JobChanged";

/// Reads an event: what it told of whom. The envelope's tenant counts; a message of another is refused.
pub(crate) fn tiding(tenant: Id, payload: &[u8]) -> Result<Tiding> {
    let event = jobs::JobChanged::decode(payload)
        .map_err(|cause| Error::invalid_field("event", "ENCODING", cause.to_string()))?;
    let at = time("change_time", event.change_time)?;
    let (from, automatic) = (of_job_state(event.from_state()), event.automatic);
    let job = event.job.unwrap_or_default();
    let entry = entry(tenant, job)?;
    let by_hand = (!automatic && from != Some(entry.state)).then_some(ByHand {
        actor: event.actor,
        from,
        reason: event.reason,
        at: at.unwrap_or(entry.updated),
    });
    Ok(Tiding {
        entry,
        deleted: event.deleted,
        by_hand,
    })
}

/// What is kept of a job, all that is wrong with it said at once.
pub(crate) fn entry(tenant: Id, job: jobs::Job) -> Result<Entry> {
    let mut problems = Violations::new();
    let job = lean(job);
    let created = problems.take("job.create_time", needed("create_time", job.create_time));
    let updated = problems.take("job.update_time", time("update_time", job.update_time));
    let own = problems.take("job.id", id("id", &job.id));
    let principal_id = problems.take("job.principal_id", id_of("principal_id", &job.principal_id));
    let parent_id = problems.take("job.parent_id", id_of("parent_id", &job.parent_id));
    let schedule_id = problems.take("job.schedule_id", id_of("schedule_id", &job.schedule_id));
    let state = of_job_state(job.state());
    problems.check(
        job.tenant_id == tenant.to_string(),
        "job.tenant_id",
        "TENANT",
        "must be the tenant of the event",
    );
    for (field, text) in [("job.service", &job.service), ("job.kind", &job.kind)] {
        problems.check(!text.is_empty(), field, "REQUIRED", "must be given");
    }
    problems.check(
        state.is_some(),
        "job.state",
        "REQUIRED",
        "must be a known state",
    );
    problems.finish()?;
    let unsure = || Error::internal("a job without violations has all of these");
    let mut tags = job.compliance_tags.clone();
    tags.sort_unstable();
    tags.dedup();
    let created = created.ok_or_else(unsure)?;
    Ok(Entry {
        id: own.ok_or_else(unsure)?,
        service: job.service.clone(),
        tenant,
        kind: job.kind.clone(),
        state: state.ok_or_else(unsure)?,
        level: Level::of(job.security_level),
        principal_id: principal_id.flatten(),
        parent_id: parent_id.flatten(),
        schedule_id: schedule_id.flatten(),
        correlation_id: Some(job.correlation_id.clone()).filter(|text| !text.is_empty()),
        tags,
        created,
        updated: updated.flatten().unwrap_or(created),
        version: job.version,
        job: job.encode_to_vec(),
    })
}

/// A job without what lists do not show.
fn lean(mut job: jobs::Job) -> jobs::Job {
    job.input.clear();
    job.output.clear();
    job.permissions.clear();
    job.worker.clear();
    job.lease_time = None;
    job
}

fn needed(field: &str, at: Option<prost_types::Timestamp>) -> Result<Time> {
    time(field, at)?.ok_or_else(|| Error::invalid_field(field, "REQUIRED", "must be given"))
}

/// The message of what was heard last.
pub(crate) fn known(known: &Known) -> Result<pb::Operation> {
    let job = jobs::Job::decode(known.job.as_slice()).map_err(Error::internal)?;
    Ok(operation(job))
}

/// The messages of what was heard last, in order.
pub(crate) fn all(items: &[Known]) -> Result<Vec<pb::Operation>> {
    items.iter().map(known).collect()
}

/// A job as users see it.
pub(crate) fn operation(job: jobs::Job) -> pb::Operation {
    let state = of_job_state(job.state());
    let level = match job.security_level() {
        jobs::SecurityLevel::Unspecified => pb::SecurityLevel::Internal.into(),
        _ => job.security_level,
    };
    pb::Operation {
        id: job.id,
        service: job.service,
        kind: job.kind,
        title: job.title,
        state: job.state,
        done: state.is_some_and(State::has_ended),
        wait: job.wait.map(|wait| pb::Wait {
            kind: wait.kind,
            name: wait.name,
            until: wait.until,
        }),
        progress: job.progress.map(|progress| pb::Progress {
            done: progress.done,
            total: progress.total,
            message: progress.message,
        }),
        error: job.error.map(failure),
        input: job.input,
        response: job.output,
        actor: job.actor,
        principal_id: job.principal_id,
        security_level: level,
        compliance_tags: job.compliance_tags,
        priority: job.priority,
        correlation_id: job.correlation_id,
        parent_id: job.parent_id,
        schedule_id: job.schedule_id,
        attempts: job.attempts,
        cancel_requested: job.cancel_requested,
        pause_requested: job.pause_requested,
        steps: job.steps,
        first_step: job.first_step,
        rollback: job.rollback.map(rollback),
        etag: job.etag,
        create_time: job.create_time,
        update_time: job.update_time,
        start_time: job.start_time,
        end_time: job.end_time,
        state_time: job.state_time,
        due_time: job.due_time,
        stale: false,
        details: None,
    }
}

fn rollback(back: jobs::Rollback) -> pb::Rollback {
    pb::Rollback {
        checkpoint_id: back.checkpoint_id,
        undone: back.undone,
        not_undone: back
            .not_undone
            .into_iter()
            .map(|step| pb::NotUndone {
                seq: step.seq,
                name: step.name,
                reason: step.reason,
            })
            .collect(),
        not_undone_count: back.not_undone_count,
    }
}

/// A failure as users see it.
pub(super) fn failure(failure: jobs::Failure) -> pb::Failure {
    pb::Failure {
        reason: failure.reason,
        message: failure.message,
    }
}

/// The state of an owner's message; `None` where it names none.
pub(crate) fn of_job_state(state: jobs::JobState) -> Option<State> {
    Some(match state {
        jobs::JobState::Unspecified => return None,
        jobs::JobState::Queued => State::Queued,
        jobs::JobState::Running => State::Running,
        jobs::JobState::Waiting => State::Waiting,
        jobs::JobState::Paused => State::Paused,
        jobs::JobState::Succeeded => State::Succeeded,
        jobs::JobState::Failed => State::Failed,
        jobs::JobState::Cancelled => State::Cancelled,
        jobs::JobState::RollingBack => State::RollingBack,
        jobs::JobState::RolledBack => State::RolledBack,
    })
}

/// The state that a caller names.
pub(crate) fn of_state(state: pb::OperationState) -> Option<State> {
    // The two enums have the same numbers; a test holds them together.
    of_job_state(jobs::JobState::try_from(i32::from(state)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enums pass as numbers: each value must be called the same on either side.
    #[test]
    fn enums_of_owners_and_of_users_have_the_same_numbers() {
        macro_rules! same {
            ($theirs:path, $ours:path, $from:literal, $to:literal) => {
                for number in 0..20 {
                    let theirs = <$theirs>::try_from(number)
                        .ok()
                        .map(|v| v.as_str_name().replace($from, $to));
                    let ours = <$ours>::try_from(number)
                        .ok()
                        .map(|v| v.as_str_name().to_owned());
                    assert_eq!(theirs, ours);
                }
            };
        }
        same!(
            jobs::JobState,
            pb::OperationState,
            "JOB_STATE",
            "OPERATION_STATE"
        );
        same!(jobs::SecurityLevel, pb::SecurityLevel, "", "");
        same!(jobs::WaitKind, pb::WaitKind, "", "");
        same!(jobs::StepKind, pb::StepKind, "", "");
        same!(jobs::StepState, pb::StepState, "", "");
        same!(jobs::CompensationState, pb::CompensationState, "", "");
        same!(jobs::CheckpointType, pb::CheckpointType, "", "");
        same!(jobs::CatchUp, pb::CatchUp, "", "");
    }

    #[test]
    fn all_that_is_wrong_with_an_event_is_said_at_once() {
        let tenant = Id::new();
        let event = jobs::JobChanged {
            job: Some(jobs::Job {
                id: "x".to_owned(),
                parent_id: "y".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let refused = tiding(tenant, &event.encode_to_vec()).unwrap_err();
        let fields: Vec<_> = refused
            .violations()
            .iter()
            .map(|one| one.field.as_str())
            .collect();
        for field in [
            "id",
            "parent_id",
            "tenant_id",
            "service",
            "kind",
            "state",
            "create_time",
        ] {
            assert!(
                fields.iter().any(|found| found.ends_with(field)),
                "{field} in {fields:?}"
            );
        }
        assert!(tiding(tenant, &[0xff, 1]).is_err());
    }
}
