//! Requests as what they mean.

use crate::{
    model::{calendar::CatchUp, saved::CheckpointType, state::State},
    store::{CheckpointDraft, ScheduleDraft},
    submission::Submission,
};
use auth::Caller;
use db::idempotency::{Once, hash};
use error::{Error, reason};
use prost::Message;
use prost_types::FieldMask;
use proto::tessera::jobs::v1 as pb;
use serde_json::Value;
use std::time::Duration;
use value::{Id, Json};

/// The RPC by which somebody asks for a checkpoint, as its repetitions are known.
const CREATE_CHECKPOINT: &str = "/tessera.jobs.v1.JobsService/CreateCheckpoint";
/// Entries of a page where nobody says.
const PAGE: usize = 50;

pub(super) fn id(field: &str, text: &str) -> Result<Id, Error> {
    text.parse()
        .map_err(|_| Error::invalid_field(field, "UUID", "must be a UUID"))
}

pub(super) fn optional_id(field: &str, text: &str) -> Result<Option<Id>, Error> {
    (!text.is_empty()).then(|| id(field, text)).transpose()
}

/// The tenant of a call: its principal's, or the one it names.
pub(super) fn tenant(text: &str, caller: Option<&Caller>) -> Result<Id, Error> {
    let named = optional_id("tenant_id", text)?;
    match (named, caller.map(|caller| caller.principal.tenant)) {
        (Some(named), Some(own)) if named != own => Err(Error::invalid_field(
            "tenant_id",
            "TENANT",
            "must be empty or the principal's own",
        )),
        (Some(tenant), _) | (None, Some(tenant)) => Ok(tenant),
        (None, None) => Err(Error::invalid_field(
            "tenant_id",
            "REQUIRED",
            "must be given where the call has no principal",
        )),
    }
}

pub(super) fn page(size: i32, token: String) -> (usize, String) {
    let size = usize::try_from(size).unwrap_or(0);
    (if size == 0 { PAGE } else { size }, token)
}

pub(super) fn json(field: &str, text: &str) -> Result<Value, Error> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text)
        .map_err(|cause| Error::invalid_field(field, "JSON", format!("must be JSON: {cause}")))
}

fn span(span: Option<prost_types::Duration>) -> Option<Duration> {
    span.and_then(|span| Duration::try_from(span).ok())
}

pub(super) fn state(state: pb::JobState) -> Option<State> {
    Some(match state {
        pb::JobState::Unspecified => return None,
        pb::JobState::Queued => State::Queued,
        pb::JobState::Running => State::Running,
        pb::JobState::Waiting => State::Waiting,
        pb::JobState::Paused => State::Paused,
        pb::JobState::Succeeded => State::Succeeded,
        pb::JobState::Failed => State::Failed,
        pb::JobState::Cancelled => State::Cancelled,
        pb::JobState::RollingBack => State::RollingBack,
        pb::JobState::RolledBack => State::RolledBack,
    })
}

fn checkpoint_type(sort: pb::CheckpointType) -> CheckpointType {
    match sort {
        pb::CheckpointType::Unspecified | pb::CheckpointType::Manual => CheckpointType::Manual,
        pb::CheckpointType::Automatic => CheckpointType::Automatic,
        pb::CheckpointType::Step => CheckpointType::Step,
        pb::CheckpointType::Milestone => CheckpointType::Milestone,
    }
}

pub(super) fn checkpoint(mut ask: pb::CreateCheckpointRequest) -> Result<CheckpointDraft, Error> {
    let once = Once {
        rpc: CREATE_CHECKPOINT,
        request_id: std::mem::take(&mut ask.request_id),
        body_hash: hash(&ask.encode_to_vec()),
    };
    Ok(CheckpointDraft {
        job: id("job_id", &ask.job_id)?,
        sort: checkpoint_type(ask.r#type()),
        name: ask.name,
        keep: span(ask.keep),
        once,
    })
}

pub(super) fn submission(ask: pb::SubmitJobRequest) -> Result<Submission<Json>, Error> {
    let due = ask.due_time.as_ref().map(|time| {
        proto::time::from_proto(time).ok_or_else(|| {
            Error::invalid_field("due_time", "RANGE", "must lie in the years 1 to 9999")
        })
    });
    Ok(Submission {
        security_level: ask.security_level().into(),
        due: due.transpose()?,
        title: ask.title,
        priority: ask.priority,
        compliance_tags: ask.compliance_tags,
        request_id: ask.request_id,
        ..Submission::new(Json(json("input", &ask.input)?))
    })
}

/// What changes of how a job is classified: what the mask names, or both.
pub(super) fn classes(
    ask: pb::ClassifyJobRequest,
) -> Result<(Option<i32>, Option<Vec<String>>), Error> {
    let paths = ask.update_mask.as_ref().map(|mask| mask.paths.as_slice());
    let both = ["security_level".to_owned(), "compliance_tags".to_owned()];
    let paths = paths.filter(|paths| !paths.is_empty()).unwrap_or(&both);
    let (mut level, mut tags) = (None, None);
    for path in paths {
        match path.as_str() {
            "security_level" => level = Some(ask.security_level().into()),
            "compliance_tags" => tags = Some(ask.compliance_tags.clone()),
            other => {
                let what = format!("`{other}` cannot be changed");
                return Err(Error::new(&reason::INVALID_FIELD_MASK, what));
            }
        }
    }
    Ok((level, tags))
}

fn catch_up(rule: pb::CatchUp) -> CatchUp {
    match rule {
        pb::CatchUp::Skip => CatchUp::Skip,
        pb::CatchUp::Unspecified | pb::CatchUp::Once => CatchUp::Once,
        pb::CatchUp::All => CatchUp::All,
    }
}

pub(super) fn schedule(from: pb::Schedule) -> Result<ScheduleDraft, Error> {
    Ok(ScheduleDraft {
        catch_up: catch_up(from.catch_up()),
        security_level: from.security_level().into(),
        input: Json(json("schedule.input", &from.input)?),
        name: from.name,
        kind: from.kind,
        cron: from.cron,
        zone: from.time_zone,
        priority: from.priority,
        compliance_tags: from.compliance_tags,
        paused: from.paused,
    })
}

/// A change of the fields that a mask names.
pub(super) fn schedule_change(
    from: pb::Schedule,
    mask: Option<FieldMask>,
) -> Result<impl Fn(&mut ScheduleDraft) -> Result<(), Error> + Send + Sync + 'static, Error> {
    let paths = mask.map(|mask| mask.paths).unwrap_or_default();
    let to = schedule(from)?;
    let change = move |draft: &mut ScheduleDraft| {
        let to = to.clone();
        for path in &paths {
            match path.as_str() {
                "name" => draft.name = to.name.clone(),
                "cron" => draft.cron = to.cron.clone(),
                "time_zone" => draft.zone = to.zone.clone(),
                "catch_up" => draft.catch_up = to.catch_up,
                "input" => draft.input = to.input.clone(),
                "priority" => draft.priority = to.priority,
                "security_level" => draft.security_level = to.security_level,
                "compliance_tags" => draft.compliance_tags = to.compliance_tags.clone(),
                "paused" => draft.paused = to.paused,
                other => {
                    let what = format!("`{other}` cannot be changed");
                    return Err(Error::new(&reason::INVALID_FIELD_MASK, what));
                }
            }
        }
        Ok(())
    };
    // A mask that cannot be is told before the row is looked for.
    let mut probe = ScheduleDraft {
        name: String::new(),
        kind: String::new(),
        cron: String::new(),
        zone: String::new(),
        catch_up: CatchUp::Once,
        input: Json::default(),
        priority: 0,
        security_level: 1,
        compliance_tags: Vec::new(),
        paused: false,
    };
    change(&mut probe)?;
    Ok(change)
}
