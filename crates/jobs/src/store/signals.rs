//! Steps that wait: timers, signals and children. What they wait for is looked for in the transaction that parks the job, so that
//! nothing that comes at the same time is missed.

use super::{
    Draft, Lease, Store, now, turn,
    work::{find, mine, put, running},
};
use crate::{
    model::{
        record::{Fault, Origin, Wait, WaitKind},
        state::State,
        step::{StepKind, StepState, UndoState},
    },
    schema::job_signals,
    submission::Submission,
};
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Error;
use std::time::Duration;
use value::{Id, Json, Time};

/// Under which name a step that waited for a signal keeps what it said; one that nobody sent has nothing.
pub(crate) const SAID: &str = "said";

/// Whether what a step waits for is there.
#[derive(Debug, Clone)]
pub(crate) enum Looked {
    /// It is, and this is it.
    There(Json),
    /// It ended otherwise.
    Failed(Fault),
    /// It is not: the job was given back.
    Parked,
}

impl Store {
    /// Waits until a time, which is fixed when the step begins.
    pub(crate) async fn timer(
        &self,
        lease: Lease,
        draft: Draft,
        (pause, until): (Duration, Option<Time>),
    ) -> Result<Looked, Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let until = began(c, &lease, &draft)?.unwrap_or_else(|| until.unwrap_or(now + pause));
            if until <= now {
                return store.there(c, &lease, &draft, Json::default());
            }
            let wait = Wait {
                kind: WaitKind::Timer,
                name: draft.name.clone(),
                until: Some(until),
            };
            store.begin_wait(c, &lease, &draft, (wait, Some(until)))
        };
        self.db.write(&lease.scope(), work).await
    }

    /// Waits for a signal, at most until a time; then there is nothing.
    pub(crate) async fn signal(
        &self,
        lease: Lease,
        draft: Draft,
        (name, most): (String, Option<Duration>),
    ) -> Result<Looked, Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            // Who sends a signal locks the job too: either the signal is seen here, or the wait is seen there.
            let (_, now) = mine(c, &lease)?;
            if let Some(output) = answered(c, &lease, &draft)? {
                return Ok(Looked::There(output));
            }
            let until = began(c, &lease, &draft)?.or(most.map(|most| now + most));
            let found: Option<(Id, Json)> = job_signals::table
                .filter(job_signals::tenant.eq(lease.tenant))
                .filter(job_signals::job_id.eq(lease.job))
                .filter(job_signals::name.eq(&name))
                .filter(job_signals::taken_by.is_null())
                .order(job_signals::id.asc())
                .select((job_signals::id, job_signals::payload))
                .first(c)
                .optional()?;
            if let Some((id, payload)) = found {
                diesel::update(job_signals::table.find((lease.tenant, lease.job, id)))
                    .set(job_signals::taken_by.eq(draft.seq))
                    .execute(c)?;
                let said = Json(serde_json::json!({ SAID: payload.0 }));
                return store.there(c, &lease, &draft, said);
            }
            if until.is_some_and(|until| until <= now) {
                return store.there(c, &lease, &draft, Json::default());
            }
            let wait = Wait {
                kind: WaitKind::Signal,
                name: name.clone(),
                until,
            };
            store.begin_wait(c, &lease, &draft, (wait, until))
        };
        // Not serialisable: what it reads after the lock is what there is then.
        self.db.claim(&lease.scope(), work).await
    }

    /// Submits a job beside this one, once; its id.
    pub(crate) async fn spawn(
        &self,
        lease: Lease,
        draft: Draft,
        what: (String, String),
        submission: Submission<Json>,
        child: Id,
    ) -> Result<Json, Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            if let Some(output) = answered(c, &lease, &draft)? {
                return Ok(output);
            }
            let parent = turn::lock(c, lease.tenant, lease.job)?;
            let origin = Origin {
                schedule: None,
                ..parent.origin()
            };
            let mut submission = submission.clone();
            submission.correlation_id.clone_from(&origin.correlation_id);
            submission
                .compliance_tags
                .clone_from(&origin.compliance_tags);
            submission.security_level = submission.security_level.max(parent.security_level);
            store.submit_child(
                c,
                lease.tenant,
                &what,
                (child, &submission, &origin),
                Some((lease.job, draft.seq)),
            )?;
            let output = Json::of(&child).map_err(Error::internal)?;
            store.there(c, &lease, &draft, output.clone())?;
            Ok(output)
        };
        self.db.write(&lease.scope(), work).await
    }

    /// Waits for a job to end.
    pub(crate) async fn join(
        &self,
        lease: Lease,
        draft: Draft,
        child: Id,
    ) -> Result<Looked, Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            if let Some(output) = answered(c, &lease, &draft)? {
                return Ok(Looked::There(output));
            }
            // The parent first, as whoever stops it does, then the child: who ends that waits here, and wakes the parent after this.
            mine(c, &lease)?;
            let child = turn::lock(c, lease.tenant, child)?;
            match child.state {
                State::Succeeded => {
                    store.there(c, &lease, &draft, child.output.clone().unwrap_or_default())
                }
                ended if ended.has_ended() => {
                    let now = now(c)?;
                    let cause = child
                        .error()
                        .map_or(String::new(), |fault| format!(": {}", fault.message));
                    let fault = Fault {
                        reason: "JOB_STATE".to_owned(),
                        message: format!("the job {} it waited for is {ended}{cause}", child.id),
                    };
                    let mut row = running(&lease, &draft, now);
                    (row.state, row.ended_at) = (StepState::Failed, Some(now));
                    row.error = Json::of(&fault).ok();
                    let there = find(c, &lease, draft.seq)?.is_some();
                    put(c, &row, there)?;
                    store.count(c, &lease, draft.seq)?;
                    Ok(Looked::Failed(fault))
                }
                _ => {
                    let wait = Wait {
                        kind: WaitKind::Child,
                        name: child.id.to_string(),
                        until: None,
                    };
                    store.begin_wait(c, &lease, &draft, (wait, None))
                }
            }
        };
        self.db.write(&lease.scope(), work).await
    }

    fn there(
        &self,
        c: &mut Conn,
        lease: &Lease,
        draft: &Draft,
        output: Json,
    ) -> Result<Looked, Failure> {
        let now = now(c)?;
        let before = find(c, lease, draft.seq)?;
        let mut row = running(lease, draft, now);
        if let Some(before) = &before {
            (row.created_at, row.input) = (before.created_at, before.input.clone());
        }
        (row.state, row.ended_at) = (StepState::Done, Some(now));
        row.output = Some(output.clone());
        row.undo = match draft.kind {
            // Another job has effects of its own.
            StepKind::Child => draft.undo,
            _ => UndoState::Needless,
        };
        put(c, &row, before.is_some())?;
        self.count(c, lease, draft.seq)?;
        Ok(Looked::There(output))
    }

    fn begin_wait(
        &self,
        c: &mut Conn,
        lease: &Lease,
        draft: &Draft,
        (wait, due): (Wait, Option<Time>),
    ) -> Result<Looked, Failure> {
        if find(c, lease, draft.seq)?.is_none() {
            let mut row = running(lease, draft, now(c)?);
            row.undo = UndoState::Needless;
            row.input = Json::of(&wait).ok();
            put(c, &row, false)?;
            self.count(c, lease, draft.seq)?;
        }
        self.park(c, lease, (wait, due))?;
        Ok(Looked::Parked)
    }
}

/// What a step gave that was committed by a transaction whose end nobody heard of.
fn answered(c: &mut Conn, lease: &Lease, draft: &Draft) -> Result<Option<Json>, Failure> {
    let row = find(c, lease, draft.seq)?.filter(|row| row.state == StepState::Done);
    Ok(row.map(|row| row.output.unwrap_or_default()))
}

/// Until when a wait that has begun lasts.
fn began(c: &mut Conn, lease: &Lease, draft: &Draft) -> Result<Option<Time>, Failure> {
    let row = find(c, lease, draft.seq)?;
    let wait = row
        .and_then(|row| row.input)
        .and_then(|input| input.read::<Wait>().ok());
    Ok(wait.and_then(|wait| wait.until))
}
