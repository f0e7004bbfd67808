//! Taking jobs: those that are due, the highest priority first, within the limits of their kinds.

use super::{By, Record, Store, now};
use crate::{
    model::{record::Fault, state::State},
    reasons::JOB_STRUCK,
    schema::{job_schedules, jobs},
};
use auth::Scope;
use db::{Conn, Failure, MultiBackend};
use diesel::prelude::*;
use error::Error;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use value::{Id, Json, Time};

/// Candidates that are looked at together.
const PAGE: i64 = 128;
/// Pages of candidates that are looked at before the rest has to wait for the next turn.
const PAGES: i64 = 16;
/// A job whose worker ended so often without a step between is given up.
const STRIKES: i32 = 50;

/// A job to work at.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) record: Record,
}

/// How many jobs are worked at now.
#[derive(Default)]
struct Busy {
    kinds: HashMap<String, i32>,
    tenants: HashMap<(String, Id), i32>,
    keys: HashSet<(String, Id, String)>,
}

type Candidate = (Id, Id, String, String);

/// How long until there is something to do; zero is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Next {
    /// For a job, where there is one that may be taken at any time.
    pub(crate) job: Option<Duration>,
    /// For a schedule.
    pub(crate) schedule: Option<Duration>,
}

impl Store {
    /// Looks without a write whether there is anything to do: usually there is not, and that is to cost little.
    pub(crate) async fn next(&self) -> Result<Next, Error> {
        let scope = Scope::system_all("work at jobs");
        let names = self.kinds().names();
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let job: Option<Option<Time>> = jobs::table
                .filter(jobs::due_at.is_not_null())
                .filter(jobs::kind.eq_any(&names))
                .order(jobs::due_at.asc())
                .select(jobs::due_at)
                .first(c)
                .optional()?;
            let schedule: Option<Option<Time>> = job_schedules::table
                .filter(job_schedules::next_at.is_not_null())
                .filter(job_schedules::kind.eq_any(&names))
                .order(job_schedules::next_at.asc())
                .select(job_schedules::next_at)
                .first(c)
                .optional()?;
            let left = |time: Option<Option<Time>>| {
                time.flatten().map(|time| {
                    let micros = u64::try_from(time.micros_since(now)).unwrap_or(0);
                    Duration::from_micros(micros)
                })
            };
            Ok(Next {
                job: left(job),
                schedule: left(schedule),
            })
        };
        self.db.read(&scope, work).await
    }

    /// Takes at most so many jobs for a worker.
    pub(crate) async fn claim(
        &self,
        worker: Id,
        lease: Duration,
        limit: usize,
    ) -> Result<Vec<Claimed>, Error> {
        let scope = Scope::system_all("work at jobs");
        let store = self.clone();
        let work = move |c: &mut Conn| store.take(c, worker, lease, limit);
        self.db.claim(&scope, work).await
    }

    fn take(
        &self,
        c: &mut Conn,
        worker: Id,
        lease: Duration,
        limit: usize,
    ) -> Result<Vec<Claimed>, Failure> {
        let now = now(c)?;
        let names = self.kinds().names();
        let mut claimed = Vec::new();
        if let Conn::Pg(c) = c {
            // Two workers at once could each count the same free place.
            diesel::sql_query("SELECT pg_advisory_xact_lock(hashtext('tessera/jobs'), hashtext(current_schema()))")
                .execute(c)?;
        }
        let mut busy = Busy::of(c, now)?;
        let mut priority = None;
        while let Some(next) = lower(c, priority)? {
            priority = Some(next);
            for page in 0..PAGES {
                let found = candidates(c, &names, (next, now), page)?;
                let full = i64::try_from(found.len()).unwrap_or(0) == PAGE;
                for (tenant, id, kind, key) in found {
                    if claimed.len() >= limit {
                        return Ok(claimed);
                    }
                    if !busy.has_room(self, &kind, tenant, &key) {
                        continue;
                    }
                    let Some(record) = hold(c, tenant, id, now)? else {
                        continue;
                    };
                    busy.add(&kind, tenant, &key);
                    if let Some(record) = self.begin(c, record, (worker, lease, now))? {
                        claimed.push(Claimed { record });
                    }
                }
                if !full {
                    break;
                }
            }
        }
        Ok(claimed)
    }

    /// Gives a job to a worker; none where it is given up instead.
    fn begin(
        &self,
        c: &mut Conn,
        mut record: Record,
        (worker, lease, now): (Id, Duration, Time),
    ) -> Result<Option<Record>, Failure> {
        let again = record.state == State::Running;
        if again {
            let by = By::platform("its worker was not heard of");
            self.turn(c, &mut record, State::Queued, (&by, now))?;
        }
        record.attempts += 1;
        record.strikes += 1;
        if record.strikes > STRIKES && record.state != State::RollingBack {
            let words = format!(
                "its worker ended {STRIKES} times after step {}",
                record.steps
            );
            let error = Error::new(&JOB_STRUCK, words);
            record.error = Json::of(&Fault::from(&error)).ok();
            let by = By::platform(error.message());
            self.turn(c, &mut record, State::Running, (&by, now))?;
            self.turn(c, &mut record, State::Failed, (&by, now))?;
            return Ok(None);
        }
        record.started_at.get_or_insert(now);
        record.lease_owner = Some(worker);
        record.due_at = Some(now + lease);
        let by = By::platform(if again {
            "another worker goes on"
        } else {
            "a worker has it"
        });
        if record.state == State::RollingBack {
            record.wait = None;
            self.save(c, &mut record, Some(State::RollingBack), (&by, now))?;
        } else {
            self.turn(c, &mut record, State::Running, (&by, now))?;
        }
        Ok(Some(record))
    }
}

/// The next lower priority of which there is any job that a worker may take now or later.
fn lower(c: &mut Conn, than: Option<i32>) -> Result<Option<i32>, Failure> {
    let mut query: jobs::BoxedQuery<'_, MultiBackend, diesel::sql_types::Integer> = jobs::table
        .filter(jobs::due_at.is_not_null())
        .select(jobs::priority)
        .order(jobs::priority.desc())
        .limit(1)
        .into_boxed();
    if let Some(than) = than {
        query = query.filter(jobs::priority.lt(than));
    }
    Ok(query.first(c).optional()?)
}

fn candidates(
    c: &mut Conn,
    names: &[&'static str],
    (priority, now): (i32, Time),
    page: i64,
) -> Result<Vec<Candidate>, Failure> {
    Ok(jobs::table
        .filter(jobs::priority.eq(priority))
        .filter(jobs::due_at.le(now))
        .filter(jobs::kind.eq_any(names))
        .order((jobs::due_at.asc(), jobs::id.asc()))
        .select((jobs::tenant, jobs::id, jobs::kind, jobs::concurrency_key))
        .limit(PAGE)
        .offset(page * PAGE)
        .load(c)?)
}

/// A job that is still due and that nobody else has in hand.
fn hold(c: &mut Conn, tenant: Id, id: Id, now: Time) -> Result<Option<Record>, Failure> {
    let found: Vec<Record> = db::claim!(
        c,
        jobs::table
            .filter(jobs::tenant.eq(tenant))
            .filter(jobs::id.eq(id))
            .filter(jobs::due_at.le(now))
            .select(Record::as_select())
    )?;
    Ok(found.into_iter().next())
}

impl Busy {
    /// Those whose lease has not ended: who takes one over takes its place too.
    fn of(c: &mut Conn, now: Time) -> Result<Self, Failure> {
        let held: Vec<(String, Id, String)> = jobs::table
            .filter(jobs::lease_owner.is_not_null())
            .filter(jobs::due_at.gt(now))
            .select((jobs::kind, jobs::tenant, jobs::concurrency_key))
            .load(c)?;
        let mut busy = Self::default();
        for (kind, tenant, key) in held {
            busy.add(&kind, tenant, &key);
        }
        Ok(busy)
    }

    fn add(&mut self, kind: &str, tenant: Id, key: &str) {
        *self.kinds.entry(kind.to_owned()).or_default() += 1;
        *self.tenants.entry((kind.to_owned(), tenant)).or_default() += 1;
        if !key.is_empty() {
            self.keys.insert((kind.to_owned(), tenant, key.to_owned()));
        }
    }

    /// Whether one more may run.
    fn has_room(&self, store: &Store, kind: &str, tenant: Id, key: &str) -> bool {
        let Some(about) = store.kinds().find(kind).map(|kind| kind.about()) else {
            return false;
        };
        let running = self.kinds.get(kind).copied().unwrap_or(0);
        let of_tenant = (kind.to_owned(), tenant);
        let mine = self.tenants.get(&of_tenant).copied().unwrap_or(0);
        let (kind, tenant) = of_tenant;
        (about.limit == 0 || running < about.limit)
            && (about.limit_per_tenant == 0 || mine < about.limit_per_tenant)
            && (key.is_empty() || !self.keys.contains(&(kind, tenant, key.to_owned())))
    }
}
