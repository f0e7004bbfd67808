//! How a worker leaves a job: it is done, failed, waits, does what it was asked to, or gives the job back.

use super::{By, Lease, Record, Store, now, work::mine};
use crate::model::{
    record::{Wait, WaitKind, Wish},
    state::State,
};
use db::{Conn, Failure};
use error::Error;
use std::time::Duration;
use value::{Json, Time};

impl Store {
    /// Ends the worker's hold with a transition: it is done, failed, parked, or gives the job back.
    pub(crate) async fn leave(
        &self,
        lease: Lease,
        to: State,
        reason: String,
        change: impl Fn(&mut Record, Time) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let (mut record, now) = mine(c, &lease)?;
            change(&mut record, now)?;
            let by = By::platform(reason.clone());
            let back = record.asked().filter(|asked| asked.wish == Wish::RollBack);
            store.turn(c, &mut record, to, (&by, now))?;
            match back {
                // It was asked for before the end, and is no less wanted after it.
                Some(asked) => {
                    record.due_at = Some(now);
                    store.turn(c, &mut record, State::RollingBack, (&asked.by(), now))
                }
                None => Ok(()),
            }
        };
        self.db.write(&lease.scope(), work).await
    }

    /// Gives a job back, so that somebody goes on at once.
    pub(crate) async fn give_back(&self, lease: Lease, why: &'static str) -> Result<(), Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let (mut record, now) = mine(c, &lease)?;
            (record.due_at, record.strikes) = (Some(now), 0);
            let by = By::platform(why);
            if record.state == State::RollingBack {
                record.lease_owner = None;
                return store.save(c, &mut record, Some(State::RollingBack), (&by, now));
            }
            store.turn(c, &mut record, State::Queued, (&by, now))
        };
        self.db.write(&lease.scope(), work).await
    }

    /// Does what the worker was asked to; false where nothing was.
    pub(crate) async fn heed(&self, lease: Lease) -> Result<bool, Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let (mut record, now) = mine(c, &lease)?;
            let Some(asked) = record.asked() else {
                return Ok(false);
            };
            let to = match asked.wish {
                Wish::Cancel => State::Cancelled,
                Wish::Pause => State::Paused,
                Wish::RollBack => State::RollingBack,
            };
            record.ask.clear();
            record.due_at = (to == State::RollingBack).then_some(now);
            record.lease_owner = None;
            let by = asked.by();
            store.turn(c, &mut record, to, (&by, now))?;
            if to == State::Cancelled {
                // Also those that it started after it was asked.
                store.stop_children(c, (&record, 0), (&by, now))?;
            }
            Ok(true)
        };
        self.db.write(&lease.scope(), work).await
    }

    /// Waits: the step is kept as begun, and the job is given back until what it waits for is there.
    pub(super) fn park(
        &self,
        c: &mut Conn,
        lease: &Lease,
        (wait, due): (Wait, Option<Time>),
    ) -> Result<(), Failure> {
        let (mut record, now) = mine(c, lease)?;
        let by = By::platform(match &wait.kind {
            WaitKind::Timer => "waits for a time".to_owned(),
            WaitKind::Signal => format!("waits for the signal `{}`", wait.name),
            WaitKind::Child => format!("waits for the job {}", wait.name),
            WaitKind::Retry => format!("waits for another try of `{}`", wait.name),
        });
        record.wait = Json::of(&wait).ok();
        // What was asked of it meanwhile is heeded by whoever takes it up, at once.
        let due = if record.asked().is_some() {
            Some(now)
        } else {
            due
        };
        (record.strikes, record.due_at) = (0, due);
        self.turn(c, &mut record, State::Waiting, (&by, now))
    }

    /// The same in a transaction of its own.
    pub(crate) async fn wait(
        &self,
        lease: Lease,
        wait: Wait,
        pause: Duration,
    ) -> Result<(), Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let due = now(c)? + pause;
            let wait = Wait {
                until: Some(due),
                ..wait.clone()
            };
            store.park(c, &lease, (wait, Some(due)))
        };
        self.db.write(&lease.scope(), work).await
    }
}
