//! What callers ask for, checked.

use super::{id_of, job, mask, time};
use crate::model::clearance::Level;
use crate::store::{Filter, Query};
use error::{Error, Result, Violations};
use proto::tessera::jobs::v1 as jobs;
use proto_work::tessera::operations::v1 as pb;

/// Which operations to list.
pub(crate) fn list(ask: pb::ListOperationsRequest, usual: u16) -> Result<Query> {
    let mut problems = Violations::new();
    let states = ask.states().filter_map(job::of_state);
    let mut states: Vec<_> = states.map(|state| state.name()).collect();
    states.sort_unstable();
    let from = problems.take(
        "create_time_from",
        time("create_time_from", ask.create_time_from),
    );
    let to = problems.take("create_time_to", time("create_time_to", ask.create_time_to));
    let principal_id = problems.take("principal_id", id_of("principal_id", &ask.principal_id));
    let parent_id = problems.take("parent_id", id_of("parent_id", &ask.parent_id));
    let schedule_id = problems.take("schedule_id", id_of("schedule_id", &ask.schedule_id));
    problems.finish()?;
    Ok(Query {
        filter: Filter {
            service: ask.service,
            kind: ask.kind,
            states,
            principal_id: principal_id.flatten(),
            tag: ask.compliance_tag,
            parent_id: parent_id.flatten(),
            schedule_id: schedule_id.flatten(),
            correlation_id: ask.correlation_id,
            from: from.flatten(),
            to: to.flatten(),
        },
        size: super::size(ask.page_size, usual),
        token: ask.page_token,
    })
}

/// A level that a caller names; not given is internal.
pub(crate) fn level(number: i32) -> Level {
    Level::of(number)
}

/// What to begin.
pub(crate) fn create(ask: pb::CreateOperationRequest) -> Result<jobs::SubmitJobRequest> {
    let new = ask.operation.unwrap_or_default();
    let mut problems = Violations::new();
    for (field, text) in [
        ("operation.service", &new.service),
        ("operation.kind", &new.kind),
    ] {
        problems.check(!text.is_empty(), field, "REQUIRED", "must be given");
    }
    json(&mut problems, "operation.input", &new.input);
    problems.finish()?;
    Ok(jobs::SubmitJobRequest {
        service: new.service,
        tenant_id: String::new(),
        kind: new.kind,
        input: new.input,
        title: new.title,
        priority: new.priority,
        due_time: new.due_time,
        security_level: new.security_level,
        compliance_tags: new.compliance_tags,
        request_id: ask.request_id,
        schedule_id: String::new(),
    })
}

/// How to classify an operation: its id, and what changes.
pub(crate) fn classify(
    ask: pb::UpdateOperationRequest,
) -> Result<(value::Id, jobs::ClassifyJobRequest)> {
    let new = ask.operation.unwrap_or_default();
    let id = super::id("operation.id", &new.id)?;
    let named = mask(ask.update_mask, &["security_level", "compliance_tags"])?;
    Ok((
        id,
        jobs::ClassifyJobRequest {
            security_level: new.security_level,
            compliance_tags: new.compliance_tags,
            update_mask: Some(prost_types::FieldMask {
                paths: named.into_iter().map(str::to_owned).collect(),
            }),
            etag: new.etag,
            ..Default::default()
        },
    ))
}

/// A signal: what it says must be JSON.
pub(crate) fn signal(ask: &pb::SignalOperationRequest) -> Result<()> {
    let mut problems = Violations::new();
    json(&mut problems, "payload", &ask.payload);
    problems.finish()
}

/// Notes a violation unless a text is JSON or nothing.
pub(super) fn json(problems: &mut Violations, field: &str, text: &str) {
    let read = serde_json::from_str::<serde::de::IgnoredAny>(text);
    problems.check(
        text.is_empty() || read.is_ok(),
        field,
        "JSON",
        "must be JSON text",
    );
}

/// How long to wait.
pub(crate) fn timeout(asked: Option<prost_types::Duration>) -> Result<std::time::Duration> {
    match asked {
        None => Ok(std::time::Duration::from_secs(30)),
        Some(asked) => std::time::Duration::try_from(asked)
            .map_err(|_| Error::invalid_field("timeout", "DURATION", "must not be negative")),
    }
}
