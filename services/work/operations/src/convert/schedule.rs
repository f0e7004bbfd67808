//! Schedules between users and owners.

use super::{mask, request::json, time};
use ::jobs::Calendar;
use error::{Error, Result, Violations};
use proto::tessera::jobs::v1 as jobs;
use proto_work::tessera::operations::v1 as pb;

/// What of a schedule can be changed.
const CHANGEABLE: [&str; 9] = [
    "name",
    "cron",
    "time_zone",
    "catch_up",
    "input",
    "priority",
    "security_level",
    "compliance_tags",
    "paused",
];

/// A kind of work as users see it.
pub(crate) fn kind(service: &str, kind: jobs::Kind) -> pb::OperationKind {
    pb::OperationKind {
        service: service.to_owned(),
        name: kind.name,
        title: kind.title,
        limit_per_tenant: kind.limit_per_tenant,
        open: kind.open,
    }
}

/// A schedule as users see it.
pub(crate) fn render(schedule: jobs::Schedule) -> pb::Schedule {
    let level = match schedule.security_level() {
        jobs::SecurityLevel::Unspecified => pb::SecurityLevel::Internal.into(),
        _ => schedule.security_level,
    };
    pb::Schedule {
        id: schedule.id,
        service: schedule.service,
        name: schedule.name,
        kind: schedule.kind,
        cron: schedule.cron,
        time_zone: schedule.time_zone,
        catch_up: schedule.catch_up,
        input: schedule.input,
        priority: schedule.priority,
        security_level: level,
        compliance_tags: schedule.compliance_tags,
        paused: schedule.paused,
        next_time: schedule.next_time,
        last_time: schedule.last_time,
        last_operation_id: schedule.last_job_id,
        missed: schedule.missed,
        actor: schedule.actor,
        etag: schedule.etag,
        create_time: schedule.create_time,
        update_time: schedule.update_time,
    }
}

/// A schedule as its owner takes it.
fn parse(schedule: pb::Schedule) -> jobs::Schedule {
    jobs::Schedule {
        service: schedule.service,
        name: schedule.name,
        kind: schedule.kind,
        cron: schedule.cron,
        time_zone: schedule.time_zone,
        catch_up: schedule.catch_up,
        input: schedule.input,
        priority: schedule.priority,
        security_level: schedule.security_level,
        compliance_tags: schedule.compliance_tags,
        paused: schedule.paused,
        ..Default::default()
    }
}

/// A schedule to make. Its service checks the cron expression, the zone and the kind.
pub(crate) fn create(ask: pb::CreateScheduleRequest) -> Result<jobs::CreateScheduleRequest> {
    let new = ask.schedule.unwrap_or_default();
    let mut problems = Violations::new();
    for (field, text) in [
        ("schedule.service", &new.service),
        ("schedule.name", &new.name),
        ("schedule.kind", &new.kind),
        ("schedule.cron", &new.cron),
    ] {
        problems.check(!text.is_empty(), field, "REQUIRED", "must be given");
    }
    json(&mut problems, "schedule.input", &new.input);
    problems.finish()?;
    Ok(jobs::CreateScheduleRequest {
        service: new.service.clone(),
        tenant_id: String::new(),
        schedule: Some(parse(new)),
        request_id: ask.request_id,
    })
}

/// A change of a schedule, which `old` is now: its owner's checks want the fields that stay, too.
pub(crate) fn update(
    ask: pb::UpdateScheduleRequest,
    old: &jobs::Schedule,
) -> Result<jobs::UpdateScheduleRequest> {
    let new = ask.schedule.unwrap_or_default();
    let named = mask(ask.update_mask, &CHANGEABLE)?;
    let mut problems = Violations::new();
    problems.check(
        !new.etag.is_empty(),
        "schedule.etag",
        "REQUIRED",
        "must be the etag that was read",
    );
    for (field, text) in [("name", &new.name), ("cron", &new.cron)] {
        problems.check(
            !named.contains(&field) || !text.is_empty(),
            format!("schedule.{field}"),
            "REQUIRED",
            "must be given",
        );
    }
    if named.contains(&"input") {
        json(&mut problems, "schedule.input", &new.input);
    }
    problems.finish()?;
    let (etag, id) = (new.etag.clone(), old.id.clone());
    let mut schedule = parse(new);
    schedule.kind = old.kind.clone();
    for (field, here, there) in [
        ("name", &mut schedule.name, &old.name),
        ("cron", &mut schedule.cron, &old.cron),
    ] {
        if !named.contains(&field) {
            there.clone_into(here);
        }
    }
    Ok(jobs::UpdateScheduleRequest {
        service: schedule.service.clone(),
        tenant_id: String::new(),
        schedule_id: id,
        schedule: Some(schedule),
        update_mask: Some(prost_types::FieldMask {
            paths: named.into_iter().map(str::to_owned).collect(),
        }),
        etag,
    })
}

/// The work of a schedule, to be begun now.
pub(crate) fn submission(schedule: &jobs::Schedule, request_id: String) -> jobs::SubmitJobRequest {
    jobs::SubmitJobRequest {
        service: schedule.service.clone(),
        kind: schedule.kind.clone(),
        input: schedule.input.clone(),
        title: schedule.name.clone(),
        priority: schedule.priority,
        security_level: schedule.security_level,
        compliance_tags: schedule.compliance_tags.clone(),
        request_id,
        schedule_id: schedule.id.clone(),
        ..Default::default()
    }
}

/// When a schedule would begin its operations.
pub(crate) fn preview(
    ask: pb::PreviewScheduleRequest,
    now: value::Time,
) -> Result<pb::PreviewScheduleResponse> {
    let calendar = Calendar::parse("", &ask.cron, &ask.time_zone)?;
    let after = time("after", ask.after)?.unwrap_or(now);
    let most = usize::try_from(ask.count).ok().filter(|count| *count > 0);
    let times = calendar.times(after, most.unwrap_or(5));
    Ok(pb::PreviewScheduleResponse {
        times: times.into_iter().map(proto::time::to_proto).collect(),
    })
}

/// Which schedule a change is of.
pub(crate) fn named(schedule: Option<&pb::Schedule>) -> Result<(String, value::Id)> {
    let schedule =
        schedule.ok_or_else(|| Error::invalid_field("schedule", "REQUIRED", "must be given"))?;
    if schedule.service.is_empty() {
        return Err(Error::invalid_field(
            "schedule.service",
            "REQUIRED",
            "must be given",
        ));
    }
    let id = super::id("schedule.id", &schedule.id)?;
    Ok((schedule.service.clone(), id))
}
