//! What writers do with runs. A writer holds a lease: it alone moves its run on, and who finds a lease expired takes the run over.

use super::{Row, Store, announce, find, long, signed};
use crate::{
    model::run::{Place, Run, RunState},
    schema::runs,
};
use auth::Scope;
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Error;
use std::time::Duration;
use value::{Id, Time};

/// A run to work at.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    /// The run.
    pub(crate) run: Run,
    /// Whether somebody worked at it before.
    pub(crate) again: bool,
}

/// Whether a writer still has its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// It has.
    Kept,
    /// It has, and shall stop.
    Cancelled,
    /// Another one has it now.
    Lost,
}

impl Store {
    /// Takes the run that has waited longest: one that nobody works at, or whose writer was not heard of for its lease.
    pub(crate) async fn claim(
        &self,
        scope: &Scope,
        writer: Id,
        lease: Duration,
    ) -> Result<Option<Claimed>, Error> {
        let (now, actor) = (self.clock.now(), scope.actor());
        self.db
            .claim(scope, move |c| {
                let free = runs::leased_until
                    .is_null()
                    .or(runs::leased_until.le(now))
                    .or(runs::leased_by.eq(writer));
                let found: Vec<Row> = db::claim!(
                    c,
                    runs::table
                        .filter(runs::ended_at.is_null())
                        .filter(free)
                        .order((runs::created_at.asc(), runs::id.asc()))
                        .limit(1)
                )?;
                let Some(row) = found.into_iter().next() else {
                    return Ok(None);
                };
                let mut run = row.run()?;
                let again = run.state == RunState::Running;
                run.version += 1;
                run.state = RunState::Running;
                (run.message, run.updated) = ("begins".to_owned(), now);
                if again {
                    run.message = "goes on where it stopped".to_owned();
                }
                diesel::update(
                    runs::table
                        .filter(runs::tenant.eq(run.tenant))
                        .filter(runs::id.eq(run.id)),
                )
                .set((
                    runs::state.eq(run.state.name()),
                    runs::message.eq(&run.message),
                    runs::leased_by.eq(writer),
                    runs::leased_until.eq(now + lease),
                    runs::updated_at.eq(now),
                    runs::version.eq(run.version),
                ))
                .execute(c)?;
                if !again {
                    announce(c, &run, now, &actor)?;
                }
                Ok(Some(Claimed { run, again }))
            })
            .await
    }

    /// Says that the writer is at work.
    pub(crate) async fn renew(
        &self,
        scope: &Scope,
        (id, writer): (Id, Id),
        lease: Duration,
    ) -> Result<Hold, Error> {
        let (tenant, now) = (scope.tenant(), self.clock.now());
        self.db
            .write(scope, move |c| {
                held(c, tenant, (id, writer), |c, _| {
                    diesel::update(
                        runs::table
                            .filter(runs::tenant.eq(tenant))
                            .filter(runs::id.eq(id)),
                    )
                    .set((runs::leased_until.eq(now + lease), runs::updated_at.eq(now)))
                    .execute(c)?;
                    Ok(())
                })
            })
            .await
    }

    /// Notes that everything before `place` is written, `rows` of it since the last note.
    pub(crate) async fn advance(
        &self,
        scope: &Scope,
        (id, writer): (Id, Id),
        (place, rows, message): (Place, u64, String),
        lease: Duration,
    ) -> Result<Hold, Error> {
        let (tenant, now) = (scope.tenant(), self.clock.now());
        self.db
            .write(scope, move |c| {
                held(c, tenant, (id, writer), |c, run| {
                    let message = if run.cancel { &run.message } else { &message };
                    diesel::update(
                        runs::table
                            .filter(runs::tenant.eq(tenant))
                            .filter(runs::id.eq(id)),
                    )
                    .set((
                        runs::target.eq(signed(place.target)),
                        runs::batch.eq(signed(place.batch)),
                        runs::rows_written.eq(long(run.rows_written + rows)),
                        runs::message.eq(message),
                        runs::leased_until.eq(now + lease),
                        runs::updated_at.eq(now),
                        runs::version.eq(run.version + 1),
                    ))
                    .execute(c)?;
                    Ok(())
                })
            })
            .await
    }

    /// Says in words what the writer waits for.
    pub(crate) async fn tell(
        &self,
        scope: &Scope,
        (id, writer): (Id, Id),
        message: String,
    ) -> Result<Hold, Error> {
        let (tenant, now) = (scope.tenant(), self.clock.now());
        self.db
            .write(scope, move |c| {
                held(c, tenant, (id, writer), |c, run| {
                    diesel::update(
                        runs::table
                            .filter(runs::tenant.eq(tenant))
                            .filter(runs::id.eq(id)),
                    )
                    .set((
                        runs::message.eq(&message),
                        runs::updated_at.eq(now),
                        runs::version.eq(run.version + 1),
                    ))
                    .execute(c)?;
                    Ok(())
                })
            })
            .await
    }

    /// Ends a run, with the reason where it failed.
    pub(crate) async fn finish(
        &self,
        scope: &Scope,
        (id, writer): (Id, Id),
        (state, message, error): (RunState, String, String),
    ) -> Result<Hold, Error> {
        let (tenant, now, actor) = (scope.tenant(), self.clock.now(), scope.actor());
        self.db
            .write(scope, move |c| {
                held(c, tenant, (id, writer), |c, run| {
                    let after = Run {
                        state,
                        message: message.clone(),
                        error: error.clone(),
                        version: run.version + 1,
                        updated: now,
                        ended: Some(now),
                        ..run.clone()
                    };
                    diesel::update(
                        runs::table
                            .filter(runs::tenant.eq(tenant))
                            .filter(runs::id.eq(id)),
                    )
                    .set((
                        runs::state.eq(state.name()),
                        runs::message.eq(&after.message),
                        runs::error.eq(&after.error),
                        runs::leased_by.eq(None::<Id>),
                        runs::leased_until.eq(None::<Time>),
                        runs::ended_at.eq(now),
                        runs::updated_at.eq(now),
                        runs::version.eq(after.version),
                    ))
                    .execute(c)?;
                    announce(c, &after, now, &actor)
                })
            })
            .await
    }

    /// Gives a run back, so that another process goes on at once.
    pub(crate) async fn release(
        &self,
        scope: &Scope,
        (id, writer): (Id, Id),
    ) -> Result<Hold, Error> {
        let tenant = scope.tenant();
        self.db
            .write(scope, move |c| {
                held(c, tenant, (id, writer), |c, _| {
                    diesel::update(
                        runs::table
                            .filter(runs::tenant.eq(tenant))
                            .filter(runs::id.eq(id)),
                    )
                    .set((
                        runs::leased_by.eq(None::<Id>),
                        runs::leased_until.eq(None::<Time>),
                    ))
                    .execute(c)?;
                    Ok(())
                })
            })
            .await
    }
}

/// Does `work` if the run is still the writer's.
fn held(
    c: &mut Conn,
    tenant: Id,
    (id, writer): (Id, Id),
    work: impl FnOnce(&mut Conn, &Run) -> Result<(), Failure>,
) -> Result<Hold, Failure> {
    let holder: Option<Id> = runs::table
        .filter(runs::tenant.eq(tenant))
        .filter(runs::id.eq(id))
        .filter(runs::ended_at.is_null())
        .select(runs::leased_by)
        .first(c)
        .optional()?
        .flatten();
    if holder != Some(writer) {
        return Ok(Hold::Lost);
    }
    let run = find(c, tenant, id)?;
    work(c, &run)?;
    Ok(if run.cancel {
        Hold::Cancelled
    } else {
        Hold::Kept
    })
}
