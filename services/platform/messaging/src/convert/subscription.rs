//! Subscriptions, deliveries, dead letters and commands on the wire.

use std::time::Duration;

use auth::Scope;
use auth::clearance::{Clearance, Level};
use db::idempotency::Once;
use error::{Error, Result, Violations, reason};
use prost::Message;
use proto_platform::tessera::messaging::v1 as pb;
use value::{Id, Json, Time};

use super::known::Known;
use super::{id, json, message, number, render_span, small, span, time};
use crate::broker::{Answer, GroupFigures, Out, Verdict};
use crate::model::{delivery::Snapshot, reaches_platform, reaches_private};
use crate::store::subscriptions::{Change, Row};
use crate::store::{commands, dead_letters};

const ACK_WAIT: Duration = Duration::from_secs(30);
const MAX_ATTEMPTS: i64 = 10;
const MAX_IN_FLIGHT: i64 = 1000;

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// With what comes from now on.
    End,
    /// With the oldest message.
    Oldest,
    /// At a position.
    Position(u64),
    /// At a time.
    Time(Time),
}

/// Reads a place.
pub(crate) fn place(field: &str, place: Option<pb::LogPlace>) -> Result<Place> {
    use pb::log_place::Place as Wire;
    Ok(match place.and_then(|place| place.place) {
        None => Place::End,
        Some(Wire::Oldest(_)) => Place::Oldest,
        Some(Wire::Position(position)) => Place::Position(position),
        Some(Wire::Time(at)) => {
            time(&format!("{field}.time"), Some(&at))?.map_or(Place::End, Place::Time)
        }
    })
}

/// A create: the row, where it begins, and how the request is known again.
pub(crate) fn create(
    scope: &Scope,
    now: Time,
    mut request: pb::CreateSubscriptionRequest,
) -> Result<(Row, Place, Once)> {
    let request_id = std::mem::take(&mut request.request_id);
    let once = Once {
        rpc: "CreateSubscription",
        request_id,
        body_hash: db::idempotency::hash(&request.encode_to_vec()),
    };
    let start = place("start", request.start)?;
    let fields = request.subscription.unwrap_or_default();
    let mut found = Violations::new();
    for (text, field) in [
        (&fields.name, "subscription.name"),
        (&fields.pattern, "subscription.pattern"),
    ] {
        found.check(!text.is_empty(), field, "REQUIRED", "must be given");
    }
    let words = fields.pattern.strip_prefix(bus::topic::COMMANDS);
    let exact = words.is_none_or(|words| !words.contains(['*', '>']));
    found.check(
        exact,
        "subscription.pattern",
        "ONE_COMMAND",
        "a handler is of one type of commands",
    );
    found.finish()?;
    let private = message::sees_private(scope) && reaches_private(&fields.pattern);
    let level = match fields.security_level {
        0 if reaches_platform(&fields.pattern) => Clearance::of_scope(scope).highest(),
        asked => Level::of(asked),
    };
    cleared(scope, level)?;
    let row = Row {
        id: Id::new(),
        tenant: scope.tenant(),
        name: fields.name,
        service: String::new(),
        pattern: fields.pattern,
        description: fields.description,
        webhook_url: fields.webhook_url,
        ack_wait_us: number(
            span(fields.ack_wait.as_ref())
                .unwrap_or(ACK_WAIT)
                .as_micros(),
        ),
        max_attempts: or(fields.max_attempts, MAX_ATTEMPTS),
        max_in_flight: or(fields.max_in_flight, MAX_IN_FLIGHT),
        sees_private: i64::from(private),
        security_level: level.number(),
        state: Json::default(),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    Ok((row, start, once))
}

/// Refuses who is not cleared for the messages of a subscription.
pub(crate) fn cleared(scope: &Scope, level: Level) -> Result<()> {
    match level.permission() {
        Some(needed) if !Clearance::of_scope(scope).covers(level) => {
            let text = format!(
                "a subscription to {} messages needs the permission {needed}",
                level.as_str()
            );
            Err(Error::new(&reason::PERMISSION_DENIED, text).with_metadata("permission", needed))
        }
        _ => Ok(()),
    }
}

/// A consumer of a service.
pub(crate) fn consumer(now: Time, request: &pb::EnsureConsumerRequest) -> Row {
    Row {
        id: Id::new(),
        tenant: Id::NIL,
        name: request.group.clone(),
        service: request.service.clone(),
        pattern: request.pattern.clone(),
        description: String::new(),
        webhook_url: String::new(),
        ack_wait_us: number(
            span(request.ack_wait.as_ref())
                .unwrap_or(ACK_WAIT)
                .as_micros(),
        ),
        max_attempts: or(request.max_attempts, MAX_ATTEMPTS),
        max_in_flight: or(request.max_in_flight, MAX_IN_FLIGHT),
        sees_private: 1,
        security_level: Level::Restricted.number(),
        state: Json::default(),
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

fn or(given: i32, usual: i64) -> i64 {
    if given > 0 { i64::from(given) } else { usual }
}

/// How far a new subscription is.
pub(crate) fn state(cursor: u64) -> Result<Json> {
    Json::of(&Snapshot {
        cursor,
        pending: Vec::new(),
    })
    .map_err(Error::internal)
}

/// An update: which one, in which version, and what to change.
pub(crate) fn update(request: pb::UpdateSubscriptionRequest) -> Result<(Id, i64, Change)> {
    let fields = request.subscription.unwrap_or_default();
    let mut found = Violations::new();
    found.check(
        !fields.id.is_empty(),
        "subscription.id",
        "REQUIRED",
        "say which subscription",
    );
    found.check(
        !fields.etag.is_empty(),
        "subscription.etag",
        "REQUIRED",
        "must be the etag that was read",
    );
    found.finish()?;
    let target = id("subscription.id", &fields.id)?;
    let version = db::etag::parse(&fields.etag)?;
    let mut paths = request.update_mask.unwrap_or_default().paths;
    if paths.is_empty() {
        let all = [
            "description",
            "webhook_url",
            "ack_wait",
            "max_attempts",
            "max_in_flight",
        ];
        paths = all.map(str::to_owned).to_vec();
    }
    let mut change = Change::default();
    for path in paths {
        match path.as_str() {
            "description" => change.description = Some(fields.description.clone()),
            "webhook_url" => change.webhook_url = Some(fields.webhook_url.clone()),
            "ack_wait" => {
                let wait = span(fields.ack_wait.as_ref()).unwrap_or(ACK_WAIT);
                change.ack_wait_us = Some(number(wait.as_micros()));
            }
            "max_attempts" => change.max_attempts = Some(or(fields.max_attempts, MAX_ATTEMPTS)),
            "max_in_flight" => change.max_in_flight = Some(or(fields.max_in_flight, MAX_IN_FLIGHT)),
            _ => {
                let text = format!("`{path}` cannot be changed");
                return Err(
                    Error::new(&reason::INVALID_FIELD_MASK, text).with_metadata("path", path)
                );
            }
        }
    }
    Ok((target, version, change))
}

/// A subscription for readers.
pub(crate) fn render(row: Row, figures: Option<(GroupFigures, i64)>) -> pb::Subscription {
    let wait = Duration::from_micros(u64::try_from(row.ack_wait_us).unwrap_or(0));
    pb::Subscription {
        id: row.id.to_string(),
        name: row.name,
        pattern: row.pattern,
        description: row.description,
        webhook_url: row.webhook_url,
        ack_wait: Some(render_span(wait)),
        max_attempts: small(row.max_attempts),
        max_in_flight: small(row.max_in_flight),
        security_level: row.security_level,
        figures: figures.map(|(figures, letters)| render_figures(&figures, letters)),
        service: row.service,
        etag: db::etag::format(row.version),
        create_time: Some(proto::time::to_proto(row.created_at)),
        update_time: Some(proto::time::to_proto(row.updated_at)),
    }
}

fn render_figures(figures: &GroupFigures, dead_letters: i64) -> pb::SubscriptionFigures {
    pb::SubscriptionFigures {
        lag: number(figures.lag),
        lag_is_exact: figures.lag_is_exact,
        in_flight: small(figures.in_flight),
        waiting: small(figures.waiting),
        floor: figures.floor,
        cursor: figures.cursor,
        acked: number(figures.acked),
        delivered: number(figures.delivered),
        failed: number(figures.failed),
        dead_letters,
        missed: number(figures.missed),
        last_fetch_time: figures.last_fetch.map(proto::time::to_proto),
        oldest_pending_time: figures.oldest.map(proto::time::to_proto),
    }
}

/// A delivery for who fetched it.
pub(crate) fn delivery(out: Out, known: &Known) -> Result<pb::Delivery> {
    Ok(pb::Delivery {
        ack_id: format!("{}-{}", out.position, out.attempt),
        attempt: small(out.attempt),
        ack_deadline: Some(proto::time::to_proto(out.deadline)),
        message: Some(message::render_stored(
            out.stored,
            out.position,
            out.time,
            known,
        )?),
    })
}

/// What became of one delivery.
pub(crate) type Settling = (u64, u32, Verdict);

/// What became of deliveries, and by which id each was named.
pub(crate) fn verdicts(request: pb::AckMessagesRequest) -> Result<Vec<(String, Settling)>> {
    let mut found = Violations::new();
    let mut verdicts = Vec::new();
    let mut add = |field: String, ack_id: String, verdict: Verdict| match parse_ack_id(&ack_id) {
        Some((position, attempt)) => verdicts.push((ack_id, (position, attempt, verdict))),
        None => found.add(field, "ACK_ID", "must be the `ack_id` of a delivery"),
    };
    for (index, ack_id) in request.ack_ids.into_iter().enumerate() {
        add(format!("ack_ids[{index}]"), ack_id, Verdict::Done(None));
    }
    for (index, reply) in request.replies.into_iter().enumerate() {
        let answer = Answer {
            result: reply.result.map(|value| Json(json::read(value))),
            error: reply.error,
        };
        add(
            format!("replies[{index}].ack_id"),
            reply.ack_id,
            Verdict::Done(Some(answer)),
        );
    }
    for (index, refusal) in request.refusals.into_iter().enumerate() {
        let verdict = Verdict::Refused {
            delay: span(refusal.delay.as_ref()),
            reason: refusal.reason,
            fatal: refusal.fatal,
            untried: false,
        };
        add(format!("refusals[{index}].ack_id"), refusal.ack_id, verdict);
    }
    for (index, ack_id) in request.in_progress_ids.into_iter().enumerate() {
        add(
            format!("in_progress_ids[{index}]"),
            ack_id,
            Verdict::InProgress,
        );
    }
    found.finish()?;
    Ok(verdicts)
}

fn parse_ack_id(text: &str) -> Option<(u64, u32)> {
    let (position, attempt) = text.split_once('-')?;
    Some((position.parse().ok()?, attempt.parse().ok()?))
}

/// What became of deliveries to a service.
pub(crate) fn service_verdicts(request: pb::AckEventsRequest) -> Vec<Settling> {
    let mark = |mark: &pb::DeliveryMark| (mark.position, u32::try_from(mark.attempt).unwrap_or(0));
    let with = |verdict: Verdict| {
        move |of: &pb::DeliveryMark| {
            let (position, attempt) = mark(of);
            (position, attempt, verdict.clone())
        }
    };
    let done = request.done.iter().map(with(Verdict::Done(None)));
    let working = request.in_progress.iter().map(with(Verdict::InProgress));
    let refused = request.refused.iter().map(|refusal| {
        let (position, attempt) = mark(&refusal.mark.unwrap_or_default());
        let verdict = Verdict::Refused {
            delay: span(refusal.delay.as_ref()),
            reason: refusal.reason.clone(),
            fatal: refusal.fatal,
            untried: refusal.untried,
        };
        (position, attempt, verdict)
    });
    done.chain(working).chain(refused).collect()
}

/// A dead letter for readers.
pub(crate) fn dead_letter(row: dead_letters::Row, known: &Known) -> Result<pb::DeadLetter> {
    let position = u64::try_from(row.position).unwrap_or(0);
    Ok(pb::DeadLetter {
        id: row.id.to_string(),
        subscription_id: row.subscription_id.to_string(),
        message: Some(message::render_body(row.body, position, known)?),
        attempts: small(row.attempts),
        reason: row.reason,
        create_time: Some(proto::time::to_proto(row.created_at)),
        replay_time: row.replayed_at.map(proto::time::to_proto),
    })
}

/// A command for readers.
pub(crate) fn command(row: commands::Row) -> pb::Command {
    let state = match row.state.as_str() {
        commands::DONE => pb::CommandState::Done,
        commands::FAILED => pb::CommandState::Failed,
        _ => pb::CommandState::Pending,
    };
    pb::Command {
        id: row.id.to_string(),
        r#type: row.kind,
        position: u64::try_from(row.position).unwrap_or(0),
        state: state.into(),
        result: row.result.map(|result| json::render(&result.0)),
        error: row.error,
        correlation_id: row.correlation,
        actor: row.actor,
        create_time: Some(proto::time::to_proto(row.created_at)),
        end_time: row.ended_at.map(proto::time::to_proto),
    }
}

/// The state to look for; empty is any.
pub(crate) fn command_state(state: i32) -> &'static str {
    match pb::CommandState::try_from(state) {
        Ok(pb::CommandState::Pending) => commands::PENDING,
        Ok(pb::CommandState::Done) => commands::DONE,
        Ok(pb::CommandState::Failed) => commands::FAILED,
        _ => "",
    }
}
