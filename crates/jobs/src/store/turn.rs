//! Transitions: checked, recorded, announced and told to the kind, in one transaction.

use super::{By, Record, StateRow, Store, checkpoints, events};
use crate::{
    job::Change,
    model::state::State,
    schema::{job_states, jobs},
};
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Error;
use value::{Id, Time};

impl Store {
    /// Brings a job into another state and saves it with whatever else was changed in it.
    pub(crate) fn turn(
        &self,
        c: &mut Conn,
        record: &mut Record,
        to: State,
        (by, now): (&By, Time),
    ) -> Result<(), Failure> {
        let from = record.state;
        from.check(to)?;
        note(c, record, Some(from), to, (by, now))?;
        record.state = to;
        record.state_at = now;
        if to.has_ended() {
            record.ended_at = Some(now);
            (record.due_at, record.wait) = (None, None);
            record.ask.clear();
        } else {
            record.ended_at = None;
        }
        if !to.is_worked_at() {
            record.lease_owner = None;
        }
        if to != State::Waiting {
            record.wait = None;
        }
        if matches!(to, State::Paused | State::Failed) {
            checkpoints::automatic(c, record, now)?;
        }
        self.save(c, record, Some(from), (by, now))?;
        if let Some(kind) = self.kinds().find(&record.kind) {
            let change = Change {
                record,
                from,
                actor: &by.actor,
                reason: &by.reason,
            };
            kind.changed(c, &change)?;
        }
        if to == State::RollingBack {
            // Nothing that it started since goes on while its steps are undone.
            let after = record.rollback().unwrap_or_default().to_seq;
            self.stop_children(c, (record, after), (by, now))?;
        }
        match record.parent_id {
            Some(parent) if to.has_ended() => wake(c, record.tenant, parent, now),
            _ => Ok(()),
        }
    }

    /// Saves a job and announces it.
    pub(super) fn save(
        &self,
        c: &mut Conn,
        record: &mut Record,
        from: Option<State>,
        (by, now): (&By, Time),
    ) -> Result<(), Failure> {
        record.version += 1;
        (record.updated_at, record.announced_at) = (now, now);
        diesel::update(jobs::table.find((record.tenant, record.id)))
            .set(&*record)
            .execute(c)?;
        events::announce(c, self.service(), record, from, (by, now))
    }
}

/// Saves a job without a word to others.
pub(super) fn keep(c: &mut Conn, record: &mut Record, now: Time) -> Result<(), Failure> {
    record.updated_at = now;
    diesel::update(jobs::table.find((record.tenant, record.id)))
        .set(&*record)
        .execute(c)?;
    Ok(())
}

/// Records a transition.
pub(super) fn note(
    c: &mut Conn,
    record: &Record,
    from: Option<State>,
    to: State,
    (by, now): (&By, Time),
) -> Result<(), Failure> {
    let last: Option<i64> = job_states::table
        .filter(job_states::tenant.eq(record.tenant))
        .filter(job_states::job_id.eq(record.id))
        .select(diesel::dsl::max(job_states::number))
        .first(c)?;
    let row = StateRow {
        tenant: record.tenant,
        job_id: record.id,
        number: last.unwrap_or(0) + 1,
        from_state: from,
        to_state: to,
        automatic: by.automatic,
        actor: by.actor.clone(),
        reason: by.reason.chars().take(500).collect(),
        previous_micros: from.map_or(0, |_| now.micros_since(record.state_at).max(0)),
        created_at: now,
    };
    db::insert_all!(c, job_states::table, &[row])?;
    Ok(())
}

/// A job, held against changes by others until the transaction ends.
pub(crate) fn lock(c: &mut Conn, tenant: Id, id: Id) -> Result<Record, Failure> {
    find(c, tenant, id)?.ok_or_else(|| Error::not_found("job", id).into())
}

/// The same, where there is one.
pub(super) fn find(c: &mut Conn, tenant: Id, id: Id) -> Result<Option<Record>, Failure> {
    let row = jobs::table.find((tenant, id));
    let found = match c {
        Conn::Sqlite(c) => row.select(Record::as_select()).first(c),
        Conn::Pg(c) => row.for_update().select(Record::as_select()).first(c),
    };
    Ok(found.optional()?)
}

/// Has a job that waits be taken up at once, to look whether what it waits for is there; also one that is undone, and waits with
/// that for a job it started.
pub(super) fn wake(c: &mut Conn, tenant: Id, id: Id, now: Time) -> Result<(), Failure> {
    let undone = jobs::state
        .eq(State::RollingBack)
        .and(jobs::lease_owner.is_null());
    diesel::update(
        jobs::table
            .filter(jobs::tenant.eq(tenant))
            .filter(jobs::id.eq(id))
            .filter(jobs::state.eq(State::Waiting).or(undone)),
    )
    .set(jobs::due_at.eq(now))
    .execute(c)?;
    Ok(())
}
