//! The jobs that a job started: they stop with it, and are undone with it, each in the turn of the step that started it.

use super::{By, Lease, Record, Store, Undone, turn, work::mine};
use crate::{
    model::{
        record::{Rollback, Wait, WaitKind, Wish},
        state::State,
    },
    schema::jobs,
};
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Error;
use value::{Id, Json, Time};

impl Store {
    /// Stops the jobs that a job started after a step, and those that these started. Their effects stay.
    pub(super) fn stop_children(
        &self,
        c: &mut Conn,
        (parent, after): (&Record, i64),
        at: (&By, Time),
    ) -> Result<(), Failure> {
        let mut parents = vec![(parent.id, after)];
        while let Some((parent_id, after)) = parents.pop() {
            let children: Vec<Id> = jobs::table
                .filter(jobs::tenant.eq(parent.tenant))
                .filter(jobs::parent_id.eq(parent_id))
                .filter(jobs::parent_seq.gt(after))
                .filter(jobs::ended_at.is_null())
                .select(jobs::id)
                .load(c)?;
            for child in children {
                let mut record = turn::lock(c, parent.tenant, child)?;
                if record.state.check(State::Cancelled).is_ok() {
                    self.wish(c, &mut record, (Wish::Cancel, State::Cancelled), at)?;
                }
                parents.push((child, 0));
            }
        }
        Ok(())
    }

    /// Has a job that a step started rolled back to its beginning: what became of that, or nothing yet. Then the parent waits for the
    /// child without a worker, and is woken by its end.
    pub(crate) async fn undo_child(
        &self,
        lease: Lease,
        child: Id,
    ) -> Result<Option<Undone>, Error> {
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let (mut parent, now) = mine(c, &lease)?;
            let Some(mut child) = turn::find(c, lease.tenant, child)? else {
                let why = format!("the job {child} that it started was deleted");
                return Ok(Some(Undone::Stays(why)));
            };
            let back = child.rollback();
            match (child.state, back) {
                (State::RolledBack, Some(back)) if back.checkpoint.is_none() => {
                    return Ok(Some(outcome(&child, &back)));
                }
                // To where it was asked to; it is looked at again when it is there.
                (State::RollingBack, _) => {}
                _ if store.kinds().find(&child.kind).is_none() => {
                    let why = format!(
                        "nobody works at `{}` any more, the kind of the job {} that it started",
                        child.kind, child.id
                    );
                    return Ok(Some(Undone::Stays(why)));
                }
                _ => {
                    let by = By::platform(format!("the job {} is rolled back", parent.id));
                    store.send_back(c, &mut child, None, (&by, now))?;
                }
            }
            let wait = Wait {
                kind: WaitKind::Child,
                name: child.id.to_string(),
                until: None,
            };
            parent.wait = Json::of(&wait).ok();
            (parent.lease_owner, parent.due_at, parent.strikes) = (None, None, 0);
            let by = By::platform(format!("waits for the job {} to be undone", child.id));
            store.save(c, &mut parent, Some(State::RollingBack), (&by, now))?;
            Ok(None)
        };
        // Serialisable, as the end of the child is: neither misses the other.
        self.db.write(&lease.scope(), work).await
    }
}

/// What became of undoing a job, for the step that started it.
fn outcome(child: &Record, back: &Rollback) -> Undone {
    let Some(first) = back.not_undone.first() else {
        return Undone::Done;
    };
    Undone::Stays(format!(
        "{} of the steps of the job {} could not be undone; the latest, {} `{}`: {}",
        back.not_undone_count, child.id, first.seq, first.name, first.reason
    ))
}
