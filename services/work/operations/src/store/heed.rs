//! Taking in what owners tell. A tiding that comes twice, or after a newer one, changes nothing.

use super::{Row, audit, row};
use crate::model::audit::{Action, AuditEntry, Outcome, Subject};
use crate::model::entry::{Age, Entry, Tiding};
use crate::schema::{operation_kinds, operation_tags, operations};
use db::{Conn, Failure};
use diesel::prelude::*;
use serde_json::json;
use value::{Id, Time};

/// Takes in what an event told, in the transaction that notes the event as received.
pub(crate) fn heed(c: &mut Conn, event: Id, tiding: &Tiding, now: Time) -> Result<(), Failure> {
    let told = &tiding.entry;
    if let Some(by) = &tiding.by_hand {
        let entry = AuditEntry {
            id: event,
            subject: Subject::Operation(told.id),
            service: told.service.clone(),
            level: told.level,
            actor: by.actor.clone(),
            action: Action::Transition,
            detail: json!({
                "from": by.from.map(|state| state.name()),
                "to": told.state.name(),
                "reason": by.reason,
            }),
            outcome: Outcome::Done,
            at: by.at,
        };
        audit::insert(c, told.tenant, &entry, now)?;
    }
    if tiding.deleted {
        delete(c, told, now)
    } else {
        entry(c, told, now)
    }
}

/// Keeps an entry unless a newer one is there.
pub(super) fn entry(c: &mut Conn, told: &Entry, now: Time) -> Result<(), Failure> {
    let old = row(c, told.tenant, told.id, &told.service)?;
    let new = Row::new(told);
    match old {
        None => {
            diesel::insert_into(operations::table)
                .values(&new)
                .execute(c)?;
            kind(c, told, now)?;
            tag(c, told)
        }
        Some(old) if !replaces(told, &old) => Ok(()),
        Some(old) => {
            replace(c, &new)?;
            if old.security_level != new.security_level {
                // What was said of a thing is as secret as the thing.
                audit::relabel(c, &new)?;
            }
            let tagged = old.deleted_at.is_none() && labels(&old) == labels(&new);
            if tagged && tags(c, told)? == told.tags {
                return Ok(());
            }
            untag(c, told.tenant, told.id, &told.service)?;
            tag(c, told)
        }
    }
}

/// What tags copy of their operation.
fn labels(row: &Row) -> (&str, i32, Time) {
    (&row.state, row.security_level, row.created_at)
}

/// Whether a tiding is newer than what is kept. What was deleted stays so, unless the id lives again.
fn replaces(told: &Entry, old: &Row) -> bool {
    let age = Age {
        created: old.created_at,
        version: old.version,
    };
    match old.deleted_at {
        None => told.age() > age,
        Some(_) => told.created > old.created_at,
    }
}

fn delete(c: &mut Conn, told: &Entry, now: Time) -> Result<(), Failure> {
    let mut gone = Row::new(told);
    gone.deleted_at = Some(now);
    match row(c, told.tenant, told.id, &told.service)? {
        Some(old) if old.created_at > told.created || old.deleted_at.is_some() => Ok(()),
        Some(_) => {
            replace(c, &gone)?;
            untag(c, told.tenant, told.id, &told.service)
        }
        None => {
            diesel::insert_into(operations::table)
                .values(&gone)
                .execute(c)?;
            Ok(())
        }
    }
}

fn replace(c: &mut Conn, row: &Row) -> Result<(), Failure> {
    diesel::update(operations::table)
        .filter(operations::id.eq(row.id))
        .filter(operations::service.eq(&row.service))
        .filter(operations::tenant.eq(row.tenant))
        .set(row)
        .execute(c)?;
    Ok(())
}

/// The tags that are kept, in order.
fn tags(c: &mut Conn, told: &Entry) -> Result<Vec<String>, Failure> {
    Ok(operation_tags::table
        .filter(operation_tags::operation_id.eq(told.id))
        .filter(operation_tags::service.eq(&told.service))
        .filter(operation_tags::tenant.eq(told.tenant))
        .order(operation_tags::tag)
        .select(operation_tags::tag)
        .load(c)?)
}

fn tag(c: &mut Conn, told: &Entry) -> Result<(), Failure> {
    for tag in &told.tags {
        diesel::insert_into(operation_tags::table)
            .values((
                operation_tags::operation_id.eq(told.id),
                operation_tags::service.eq(&told.service),
                operation_tags::tag.eq(tag),
                operation_tags::tenant.eq(told.tenant),
                operation_tags::security_level.eq(told.level.number()),
                operation_tags::state.eq(told.state.name()),
                operation_tags::created_at.eq(told.created),
                operation_tags::updated_at.eq(told.updated),
            ))
            .execute(c)?;
    }
    Ok(())
}

/// Takes the tags of an operation away.
pub(super) fn untag(c: &mut Conn, tenant: Id, id: Id, service: &str) -> Result<(), Failure> {
    diesel::delete(operation_tags::table)
        .filter(operation_tags::operation_id.eq(id))
        .filter(operation_tags::service.eq(service))
        .filter(operation_tags::tenant.eq(tenant))
        .execute(c)?;
    Ok(())
}

fn kind(c: &mut Conn, told: &Entry, now: Time) -> Result<(), Failure> {
    let row = (
        operation_kinds::tenant.eq(told.tenant),
        operation_kinds::service.eq(&told.service),
        operation_kinds::kind.eq(&told.kind),
        operation_kinds::created_at.eq(now),
        operation_kinds::updated_at.eq(now),
    );
    db::on_each!(c, c => diesel::insert_into(operation_kinds::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}
