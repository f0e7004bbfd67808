//! What is read: jobs, transitions, steps and checkpoints, a page at a time.

use super::{CheckpointRow, Record, StateRow, StepRow, Store, checkpoints};
use crate::{
    model::{saved, saved::Saved, state::State},
    schema::{job_checkpoints, job_states, job_steps, jobs},
};
use auth::Scope;
use db::{Conn, MultiBackend, OrElse, Page, page::Shape};
use diesel::prelude::*;
use error::Error;
use value::Id;

/// Which jobs.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this kind; empty is any.
    pub kind: String,
    /// In one of these states; none is any.
    pub states: Vec<State>,
    /// Children of this job.
    pub parent: Option<Id>,
}

impl Store {
    /// One job.
    pub(crate) async fn job(&self, scope: &Scope, id: Id) -> Result<Record, Error> {
        let tenant = scope.tenant();
        let work = move |c: &mut Conn| {
            jobs::table
                .find((tenant, id))
                .select(Record::as_select())
                .first(c)
                .on_missing(|| Error::not_found("job", id))
        };
        self.db.read(scope, work).await
    }

    /// Jobs, the newest first.
    pub(crate) async fn list(
        &self,
        scope: &Scope,
        filter: Filter,
        (size, token): (usize, String),
    ) -> Result<Page<Record>, Error> {
        let tenant = scope.tenant();
        let states: Vec<_> = filter.states.iter().map(State::as_str).collect();
        let shape = Shape::of("jobs", &(&filter.kind, states, filter.parent));
        let before: Option<Id> = shape.key(&token)?;
        let work = move |c: &mut Conn| {
            let query = jobs::table
                .filter(jobs::tenant.eq(tenant))
                .select(Record::as_select());
            let mut query = query.into_boxed::<MultiBackend>();
            if !filter.kind.is_empty() {
                query = query.filter(jobs::kind.eq(&filter.kind));
            }
            if !filter.states.is_empty() {
                query = query.filter(jobs::state.eq_any(filter.states.clone()));
            }
            if let Some(parent) = filter.parent {
                query = query.filter(jobs::parent_id.eq(parent));
            }
            if let Some(before) = before {
                query = query.filter(jobs::id.lt(before));
            }
            let rows: Vec<Record> = query.order(jobs::id.desc()).limit(limit(size)).load(c)?;
            Ok(Page::cut(rows, size, shape, |row| row.id))
        };
        self.db.read(scope, work).await
    }

    /// A job's transitions in order.
    pub(crate) async fn states(
        &self,
        scope: &Scope,
        job: Id,
        (size, token): (usize, String),
    ) -> Result<Page<StateRow>, Error> {
        let tenant = scope.tenant();
        let shape = Shape::of("states", &job);
        let after: i64 = shape.key(&token)?.unwrap_or(0);
        let work = move |c: &mut Conn| {
            exists(c, tenant, job)?;
            let rows = job_states::table
                .filter(job_states::tenant.eq(tenant))
                .filter(job_states::job_id.eq(job))
                .filter(job_states::number.gt(after))
                .order(job_states::number.asc())
                .limit(limit(size))
                .select(StateRow::as_select())
                .load(c)?;
            Ok(Page::cut(rows, size, shape, |row| row.number))
        };
        self.db.read(scope, work).await
    }

    /// A job's steps in order.
    pub(crate) async fn steps(
        &self,
        scope: &Scope,
        job: Id,
        (size, token): (usize, String),
    ) -> Result<Page<StepRow>, Error> {
        let tenant = scope.tenant();
        let shape = Shape::of("steps", &job);
        let after: i64 = shape.key(&token)?.unwrap_or(0);
        let work = move |c: &mut Conn| {
            exists(c, tenant, job)?;
            let rows = job_steps::table
                .filter(job_steps::tenant.eq(tenant))
                .filter(job_steps::job_id.eq(job))
                .filter(job_steps::seq.gt(after))
                .order(job_steps::seq.asc())
                .limit(limit(size))
                .select(StepRow::as_select())
                .load(c)?;
            Ok(Page::cut(rows, size, shape, |row| row.seq))
        };
        self.db.read(scope, work).await
    }

    /// A job's checkpoints, the newest first.
    pub(crate) async fn checkpoints(
        &self,
        scope: &Scope,
        job: Id,
        (size, token): (usize, String),
    ) -> Result<(Page<CheckpointRow>, value::Time), Error> {
        let tenant = scope.tenant();
        let shape = Shape::of("checkpoints", &job);
        let before: Option<Id> = shape.key(&token)?;
        let work = move |c: &mut Conn| {
            exists(c, tenant, job)?;
            let query = job_checkpoints::table
                .filter(job_checkpoints::tenant.eq(tenant))
                .filter(job_checkpoints::job_id.eq(job))
                .select(CheckpointRow::as_select());
            let mut query = query.into_boxed::<MultiBackend>();
            if let Some(before) = before {
                query = query.filter(job_checkpoints::id.lt(before));
            }
            let rows: Vec<CheckpointRow> = query
                .order(job_checkpoints::id.desc())
                .limit(limit(size))
                .load(c)?;
            Ok((Page::cut(rows, size, shape, |row| row.id), super::now(c)?))
        };
        self.db.read(scope, work).await
    }

    /// One checkpoint with its state, which is checked.
    pub(crate) async fn saved(
        &self,
        scope: &Scope,
        (job, id): (Id, Id),
    ) -> Result<(CheckpointRow, Saved, value::Time), Error> {
        let tenant = scope.tenant();
        let work = move |c: &mut Conn| Ok((checkpoints::find(c, tenant, job, id)?, super::now(c)?));
        let (row, now) = self.db.read(scope, work).await?;
        let saved = saved::unpack(row.encoding, &row.state, &row.sha256)?;
        Ok((row, saved, now))
    }
}

fn limit(size: usize) -> i64 {
    i64::try_from(size + 1).unwrap_or(i64::MAX)
}

/// Refuses a job that is not there, rather than to list nothing.
fn exists(c: &mut Conn, tenant: Id, job: Id) -> Result<(), db::Failure> {
    let found: Id = jobs::table
        .find((tenant, job))
        .select(jobs::id)
        .first(c)
        .on_missing(|| Error::not_found("job", job))?;
    debug_assert_eq!(found, job);
    Ok(())
}
