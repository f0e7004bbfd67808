//! Schedules: kept, changed, and turned into jobs when their time has come by the database's clock.

use super::{Record, ScheduleRow, Store, now};
use crate::{
    model::{
        calendar::{Calendar, CatchUp},
        record::Origin,
    },
    schema::job_schedules,
    submission::Submission,
};
use auth::Scope;
use db::{Conn, Failure, OrElse, Page, page::Shape};
use diesel::prelude::*;
use error::Error;
use value::{Id, Json, Time};

/// What somebody says of a schedule.
#[derive(Debug, Clone)]
pub(crate) struct ScheduleDraft {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) cron: String,
    pub(crate) zone: String,
    pub(crate) catch_up: CatchUp,
    pub(crate) input: Json,
    pub(crate) priority: i32,
    pub(crate) security_level: i32,
    pub(crate) compliance_tags: Vec<String>,
    pub(crate) paused: bool,
}

impl ScheduleDraft {
    pub(crate) fn of(row: &ScheduleRow) -> Self {
        let origin: Origin = row.origin.read().unwrap_or_default();
        Self {
            name: row.name.clone(),
            kind: row.kind.clone(),
            cron: row.cron.clone(),
            zone: row.zone.clone(),
            catch_up: row.catch_up,
            input: row.input.clone(),
            priority: row.priority,
            security_level: row.security_level,
            compliance_tags: origin.compliance_tags,
            paused: row.paused,
        }
    }
}

/// Schedules that are looked at together.
const TOGETHER: i64 = 20;

impl Store {
    /// Submits the jobs of schedules whose time has come; how many.
    pub(crate) async fn submit_due(&self) -> Result<usize, Error> {
        let scope = Scope::system_all("follow schedules");
        let store = self.clone();
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let names = store.kinds().names();
            let due: Vec<ScheduleRow> = db::claim!(
                c,
                job_schedules::table
                    .filter(job_schedules::next_at.le(now))
                    .filter(job_schedules::kind.eq_any(&names))
                    .order(job_schedules::next_at.asc())
                    .limit(TOGETHER)
                    .select(ScheduleRow::as_select())
            )?;
            let mut count = 0;
            for row in due {
                count += store.follow(c, row, now)?;
            }
            Ok(count)
        };
        self.db.claim(&scope, work).await
    }

    fn follow(&self, c: &mut Conn, mut row: ScheduleRow, now: Time) -> Result<usize, Failure> {
        let calendar = Calendar::parse("", &row.cron, &row.zone)?;
        let Some(first) = row.next_at else {
            return Ok(0);
        };
        let due = calendar.due(first, now, row.catch_up);
        let kind = self.kinds().get(&row.kind)?;
        let what = (row.kind.clone(), kind.about().title.to_owned());
        let origin = Origin {
            schedule: Some(row.id),
            ..row.origin.read().unwrap_or_default()
        };
        for time in &due.times {
            let submission = Submission {
                title: row.name.clone(),
                priority: row.priority,
                security_level: row.security_level,
                compliance_tags: origin.compliance_tags.clone(),
                request_id: format!("schedule:{}:{}", row.id, time.micros()),
                ..Submission::new(row.input.clone())
            };
            let id = Id::new();
            let record: Record = self.submit(c, row.tenant, &what, (id, &submission, &origin))?;
            (row.last_at, row.last_job) = (Some(*time), Some(record.id));
        }
        (row.next_at, row.updated_at) = (due.next, now);
        (row.missed, row.version) = (row.missed + due.missed, row.version + 1);
        save(c, &row)?;
        Ok(due.times.len())
    }

    /// Keeps a new schedule; one that the same request made before is given again.
    pub(crate) async fn create_schedule(
        &self,
        scope: &Scope,
        draft: ScheduleDraft,
        origin: Origin,
        request_id: String,
    ) -> Result<ScheduleRow, Error> {
        let (tenant, id) = (scope.tenant(), Id::new());
        let calendar = self.check(&draft)?;
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let before: Option<ScheduleRow> = job_schedules::table
                .filter(job_schedules::tenant.eq(tenant))
                .filter(job_schedules::name.eq(&draft.name))
                .select(ScheduleRow::as_select())
                .first(c)
                .optional()?;
            let mine = |row: &ScheduleRow| asked_by(row) == request_id && !request_id.is_empty();
            if let Some(before) = before.filter(mine) {
                return Ok(before);
            }
            let origin = Origin {
                correlation_id: request_id.clone(),
                ..origin.clone()
            };
            let mut row = ScheduleRow {
                tenant,
                id,
                name: String::new(),
                kind: draft.kind.clone(),
                cron: String::new(),
                zone: String::new(),
                catch_up: draft.catch_up,
                input: Json::default(),
                priority: 0,
                security_level: 1,
                origin: Json::of(&origin).map_err(Error::internal)?,
                paused: false,
                next_at: None,
                last_at: None,
                last_job: None,
                missed: 0,
                created_at: now,
                updated_at: now,
                version: 1,
            };
            apply(&mut row, &draft, &calendar, now)?;
            let inserted = db::insert_all!(c, job_schedules::table, std::slice::from_ref(&row));
            inserted.on_unique(|| taken(&draft.name))?;
            Ok(row)
        };
        self.db.write(scope, work).await
    }

    /// Changes a schedule; the next time is reckoned from now on.
    pub(crate) async fn update_schedule(
        &self,
        scope: &Scope,
        (id, etag): (Id, String),
        change: impl Fn(&mut ScheduleDraft) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<ScheduleRow, Error> {
        let (store, tenant) = (self.clone(), scope.tenant());
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let mut row = schedule(c, tenant, id)?;
            db::etag::check(&etag, row.version)?;
            let mut draft = ScheduleDraft::of(&row);
            change(&mut draft)?;
            let calendar = store.check(&draft)?;
            apply(&mut row, &draft, &calendar, now)?;
            (row.updated_at, row.version) = (now, row.version + 1);
            save(c, &row).on_unique(|| taken(&draft.name))?;
            Ok(row)
        };
        self.db.write(scope, work).await
    }

    /// Deletes a schedule.
    pub(crate) async fn delete_schedule(
        &self,
        scope: &Scope,
        id: Id,
        etag: String,
    ) -> Result<(), Error> {
        let tenant = scope.tenant();
        let work = move |c: &mut Conn| {
            let row = schedule(c, tenant, id)?;
            db::etag::check(&etag, row.version)?;
            diesel::delete(job_schedules::table.find((tenant, id))).execute(c)?;
            Ok(())
        };
        self.db.write(scope, work).await
    }

    /// One schedule.
    pub(crate) async fn schedule(&self, scope: &Scope, id: Id) -> Result<ScheduleRow, Error> {
        let tenant = scope.tenant();
        self.db.read(scope, move |c| schedule(c, tenant, id)).await
    }

    /// Schedules by name.
    pub(crate) async fn schedules(
        &self,
        scope: &Scope,
        (size, token): (usize, String),
    ) -> Result<Page<ScheduleRow>, Error> {
        let tenant = scope.tenant();
        let shape = Shape::of("schedules", &());
        let after: String = shape.key(&token)?.unwrap_or_default();
        let work = move |c: &mut Conn| {
            let rows = job_schedules::table
                .filter(job_schedules::tenant.eq(tenant))
                .filter(job_schedules::name.gt(&after))
                .order(job_schedules::name.asc())
                .limit(i64::try_from(size + 1).unwrap_or(i64::MAX))
                .select(ScheduleRow::as_select())
                .load(c)?;
            Ok(Page::cut(rows, size, shape, |row: &ScheduleRow| {
                row.name.clone()
            }))
        };
        self.db.read(scope, work).await
    }

    /// Refuses a schedule that could never submit a job.
    fn check(&self, draft: &ScheduleDraft) -> Result<std::sync::Arc<Calendar>, Error> {
        let kind = self.kinds().get(&draft.kind)?;
        crate::contract::open(&kind.about())?;
        kind.check(&draft.input.0)?;
        Calendar::parse("schedule", &draft.cron, &draft.zone).map(std::sync::Arc::new)
    }
}

fn apply(
    row: &mut ScheduleRow,
    draft: &ScheduleDraft,
    calendar: &Calendar,
    now: Time,
) -> Result<(), Error> {
    let mut origin: Origin = row.origin.read().unwrap_or_default();
    origin.compliance_tags.clone_from(&draft.compliance_tags);
    row.origin = Json::of(&origin).map_err(Error::internal)?;
    row.name.clone_from(&draft.name);
    row.cron.clone_from(&draft.cron);
    row.zone.clone_from(&draft.zone);
    row.input = draft.input.clone();
    (row.catch_up, row.priority) = (draft.catch_up, draft.priority);
    (row.security_level, row.paused) = (draft.security_level.clamp(1, 3), draft.paused);
    row.next_at = if draft.paused {
        None
    } else {
        calendar.next(now)
    };
    Ok(())
}

fn save(c: &mut Conn, row: &ScheduleRow) -> Result<(), diesel::result::Error> {
    diesel::update(job_schedules::table.find((row.tenant, row.id)))
        .set(row)
        .execute(c)
        .map(drop)
}

fn schedule(c: &mut Conn, tenant: Id, id: Id) -> Result<ScheduleRow, Failure> {
    job_schedules::table
        .find((tenant, id))
        .select(ScheduleRow::as_select())
        .first(c)
        .on_missing(|| Error::not_found("schedule", id))
}

/// The request that made a schedule, which its origin keeps in place of a correlation.
fn asked_by(row: &ScheduleRow) -> String {
    row.origin
        .read::<Origin>()
        .unwrap_or_default()
        .correlation_id
}

fn taken(name: &str) -> Error {
    Error::new(
        &error::reason::ALREADY_EXISTS,
        format!("there is a schedule `{name}` already"),
    )
}
