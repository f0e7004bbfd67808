//! The audit trail: an entry is written before the change is asked for, and gets its outcome afterwards.

use super::{Store, clearance, heed};
use crate::model::audit::{Action, AuditEntry, Outcome, Subject};
use crate::model::clearance::Level;
use crate::model::entry::Entry;
use crate::schema::audit_entries;
use auth::Scope;
use db::page::{Page, Shape};
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Result;
use serde::Serialize;
use value::{Id, Json, Time};

/// Which entries a list has, and where it goes on.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditQuery {
    /// Of this operation.
    pub(crate) operation: Option<Id>,
    /// Of this schedule.
    pub(crate) schedule: Option<Id>,
    /// How many.
    pub(crate) size: u16,
    /// Where to go on.
    pub(crate) token: String,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries)]
struct Row {
    id: Id,
    tenant: Id,
    operation_id: Option<Id>,
    schedule_id: Option<Id>,
    service: String,
    security_level: i32,
    actor: String,
    action: String,
    detail: Json,
    outcome: String,
    failure: String,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

impl Store {
    /// Notes that a change is about to be asked for.
    pub(crate) async fn audit_ask(&self, scope: &Scope, entry: AuditEntry) -> Result<()> {
        let (tenant, now) = (scope.tenant(), self.now());
        self.db
            .append(scope, move |c| insert(c, tenant, &entry, now))
            .await
    }

    /// Notes how it ended, and keeps what the owner answered.
    pub(crate) async fn audit_finish(
        &self,
        scope: &Scope,
        entry: AuditEntry,
        answered: Option<Entry>,
    ) -> Result<()> {
        let (tenant, now) = (scope.tenant(), self.now());
        self.db
            .write(scope, move |c| {
                let (outcome, failure) = entry.outcome.parts();
                let (operation_id, schedule_id) = ids(entry.subject);
                diesel::update(audit_entries::table)
                    .filter(audit_entries::id.eq(entry.id))
                    .filter(audit_entries::tenant.eq(tenant))
                    .set((
                        audit_entries::outcome.eq(outcome),
                        audit_entries::failure.eq(failure),
                        audit_entries::operation_id.eq(operation_id),
                        audit_entries::schedule_id.eq(schedule_id),
                        audit_entries::updated_at.eq(now),
                        audit_entries::version.eq(audit_entries::version + 1),
                    ))
                    .execute(c)?;
                match &answered {
                    Some(answered) => heed::entry(c, answered, now),
                    None => Ok(()),
                }
            })
            .await
    }

    /// A page of entries, the latest first; not those of what is above the caller's clearance.
    pub(crate) async fn audit_list(
        &self,
        scope: &Scope,
        query: AuditQuery,
    ) -> Result<Page<AuditEntry>> {
        #[derive(Serialize)]
        struct Filter(Option<Id>, Option<Id>);
        let (tenant, cleared) = (scope.tenant(), clearance(scope));
        let shape = Shape::of("audit entries", &Filter(query.operation, query.schedule));
        let after: Option<(Time, Id)> = shape.key(&query.token)?;
        let size = usize::from(query.size);
        let limit = i64::from(query.size) + 1;
        let rows = self
            .db
            .read(scope, move |c| {
                let mut rows: Vec<Row> = Vec::new();
                for level in cleared.levels() {
                    let mut run = audit_entries::table
                        .filter(audit_entries::tenant.eq(tenant))
                        .filter(audit_entries::security_level.eq(level.number()))
                        .order((audit_entries::created_at.desc(), audit_entries::id.desc()))
                        .limit(limit)
                        .into_boxed();
                    if let Some(id) = query.operation {
                        run = run.filter(audit_entries::operation_id.eq(id));
                    }
                    if let Some(id) = query.schedule {
                        run = run.filter(audit_entries::schedule_id.eq(id));
                    }
                    if let Some((at, id)) = after {
                        run = run.filter(audit_entries::created_at.le(at)).filter(
                            audit_entries::created_at
                                .lt(at)
                                .or(audit_entries::id.lt(id)),
                        );
                    }
                    rows.extend(run.select(Row::as_select()).load(c)?);
                }
                Ok(rows)
            })
            .await?;
        let mut rows = rows;
        rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
        rows.truncate(size + 1);
        let page = Page::cut(rows, size, shape, |row| (row.created_at, row.id));
        Ok(page.map(Row::entry))
    }
}

/// Writes an entry; the same one again changes nothing.
pub(super) fn insert(
    c: &mut Conn,
    tenant: Id,
    entry: &AuditEntry,
    now: Time,
) -> Result<(), Failure> {
    let (outcome, failure) = entry.outcome.parts();
    let (operation_id, schedule_id) = ids(entry.subject);
    let row = Row {
        id: entry.id,
        tenant,
        operation_id,
        schedule_id,
        service: entry.service.clone(),
        security_level: entry.level.number(),
        actor: entry.actor.clone(),
        action: entry.action.name().to_owned(),
        detail: Json(entry.detail.clone()),
        outcome: outcome.to_owned(),
        failure: failure.to_owned(),
        created_at: entry.at,
        updated_at: now,
        version: 1,
    };
    db::on_each!(c, c => diesel::insert_into(audit_entries::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Makes the entries of an operation as secret as it is.
pub(super) fn relabel(c: &mut Conn, operation: &super::Row) -> Result<(), Failure> {
    diesel::update(audit_entries::table)
        .filter(audit_entries::tenant.eq(operation.tenant))
        .filter(audit_entries::operation_id.eq(operation.id))
        .filter(audit_entries::service.eq(&operation.service))
        .set(audit_entries::security_level.eq(operation.security_level))
        .execute(c)?;
    Ok(())
}

fn ids(subject: Subject) -> (Option<Id>, Option<Id>) {
    match subject {
        Subject::Operation(id) => (Some(id), None),
        Subject::Schedule(id) => (None, Some(id)),
        Subject::New => (None, None),
    }
}

impl Row {
    fn entry(self) -> AuditEntry {
        AuditEntry {
            id: self.id,
            subject: match (self.operation_id, self.schedule_id) {
                (Some(id), _) => Subject::Operation(id),
                (None, Some(id)) => Subject::Schedule(id),
                (None, None) => Subject::New,
            },
            service: self.service,
            level: Level::of(self.security_level),
            actor: self.actor,
            action: Action::of(&self.action).unwrap_or(Action::Transition),
            detail: self.detail.0,
            outcome: Outcome::of(&self.outcome, self.failure),
            at: self.created_at,
        }
    }
}
