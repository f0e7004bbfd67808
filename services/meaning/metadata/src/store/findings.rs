//! Findings of the background check: kept while the check finds them, resolved when it no longer does, told either way.

use super::{CHUNK, Store, check::Finding, stored_kind};
use crate::{
    convert,
    model::Kind,
    schema::consistency_findings::{self as rows, table},
};
use auth::Scope;
use db::{Conn, Failure, Page, outbox, page::Shape};
use diesel::prelude::*;
use error::{Error, Violation};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
};
use value::{Id, Time};

/// A finding as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FindingRow {
    pub(crate) id: Id,
    pub(crate) finding: Finding,
    pub(crate) first_seen: Time,
    pub(crate) last_seen: Time,
    pub(crate) resolved: Option<Time>,
}

/// Whether what was found is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum FindingState {
    Open,
    Resolved,
    All,
}

/// A page of findings that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct FindingQuery {
    pub(crate) kinds: Vec<Kind>,
    /// Empty is any.
    pub(crate) reason: String,
    pub(crate) state: FindingState,
    pub(crate) size: u16,
    pub(crate) token: String,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = rows, treat_none_as_default_value = false)]
struct Row {
    id: Id,
    tenant: Id,
    definition_id: Id,
    kind: String,
    code: String,
    name: String,
    field: String,
    reason: String,
    description: String,
    fingerprint: String,
    first_seen_at: Time,
    last_seen_at: Time,
    resolved_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

impl Row {
    fn finding(self) -> Result<FindingRow, Failure> {
        Ok(FindingRow {
            id: self.id,
            finding: Finding {
                id: self.definition_id,
                kind: stored_kind(&self.kind)?,
                code: self.code,
                name: self.name,
                violation: Violation::new(self.field, self.reason, self.description),
            },
            first_seen: self.first_seen_at,
            last_seen: self.last_seen_at,
            resolved: self.resolved_at,
        })
    }
}

impl Store {
    /// A page of findings, the newest first.
    pub(crate) async fn kept_findings(
        &self,
        scope: &Scope,
        query: FindingQuery,
    ) -> Result<Page<FindingRow>, Error> {
        let FindingQuery {
            kinds,
            reason,
            state,
            size,
            token,
        } = query;
        let shape = Shape::of("findings", &(&kinds, &reason, state));
        let before: Option<Id> = shape.key(&token)?;
        let (tenant, limit) = (scope.tenant(), i64::from(size) + 1);
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        let found = self
            .db
            .read(scope, move |c| {
                let mut query = table
                    .filter(rows::tenant.eq(tenant))
                    .filter(rows::kind.eq_any(kinds))
                    .select(Row::as_select())
                    .into_boxed();
                if !reason.is_empty() {
                    query = query.filter(rows::reason.eq(reason));
                }
                query = match state {
                    FindingState::Open => query.filter(rows::resolved_at.is_null()),
                    FindingState::Resolved => query.filter(rows::resolved_at.is_not_null()),
                    FindingState::All => query,
                };
                if let Some(before) = before {
                    query = query.filter(rows::id.lt(before));
                }
                let found: Vec<Row> = query.order(rows::id.desc()).limit(limit).load(c)?;
                found.into_iter().map(Row::finding).collect()
            })
            .await?;
        Ok(Page::cut(
            found,
            usize::from(size),
            shape,
            |row: &FindingRow| row.id,
        ))
    }
}

/// Brings the open findings in line with what was found: new ones are added, others are resolved, and each is told.
pub(super) fn reconcile(
    c: &mut Conn,
    tenant: Id,
    now: Time,
    found: &[Finding],
) -> Result<(), Failure> {
    let open: Vec<Row> = table
        .filter(rows::tenant.eq(tenant))
        .filter(rows::resolved_at.is_null())
        .select(Row::as_select())
        .load(c)?;
    let mut open: HashMap<(Id, String), Row> = open
        .into_iter()
        .map(|row| ((row.definition_id, row.fingerprint.clone()), row))
        .collect();
    let (mut new, mut still) = (BTreeMap::new(), Vec::new());
    for finding in found {
        let key = (finding.id, fingerprint(&finding.violation));
        match open.remove(&key) {
            Some(row) => still.push(row.id),
            None if !new.contains_key(&key) => {
                let row = row(tenant, now, finding, &key.1);
                new.insert(key, row);
            }
            None => {}
        }
    }
    let new: Vec<_> = new.into_values().collect();
    let gone: Vec<_> = open.into_values().collect();
    for ids in still.chunks(CHUNK) {
        diesel::update(
            table
                .filter(rows::tenant.eq(tenant))
                .filter(rows::id.eq_any(ids.to_vec())),
        )
        .set(rows::last_seen_at.eq(now))
        .execute(c)?;
    }
    let ids: Vec<_> = gone.iter().map(|row| row.id).collect();
    for ids in ids.chunks(CHUNK) {
        diesel::update(
            table
                .filter(rows::tenant.eq(tenant))
                .filter(rows::id.eq_any(ids.to_vec())),
        )
        .set((
            rows::resolved_at.eq(now),
            rows::updated_at.eq(now),
            rows::version.eq(rows::version + 1),
        ))
        .execute(c)?;
    }
    db::insert_all!(c, table, new)?;
    let mut events = Vec::with_capacity(new.len() + gone.len());
    for (rows, resolved) in [(new, false), (gone, true)] {
        for row in rows {
            events.push(event(tenant, now, row.finding()?, resolved));
        }
    }
    outbox::put(c, &events)
}

fn row(tenant: Id, now: Time, finding: &Finding, fingerprint: &str) -> Row {
    let violation = &finding.violation;
    Row {
        id: Id::new(),
        tenant,
        definition_id: finding.id,
        kind: finding.kind.name().to_owned(),
        code: finding.code.clone(),
        name: finding.name.clone(),
        field: violation.field.clone(),
        reason: violation.reason.clone(),
        description: violation.description.clone(),
        fingerprint: fingerprint.to_owned(),
        first_seen_at: now,
        last_seen_at: now,
        resolved_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

/// What makes two findings of one definition the same: all that is said, in few bytes.
fn fingerprint(violation: &Violation) -> String {
    let parts = [&violation.field, &violation.reason, &violation.description];
    let text = parts.map(String::as_str).join("\0");
    let hash = db::idempotency::hash(text.as_bytes());
    hash.iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

fn event(tenant: Id, now: Time, row: FindingRow, resolved: bool) -> outbox::Event {
    outbox::Event {
        id: Id::new(),
        tenant,
        topic: convert::event::FINDINGS.to_owned(),
        lane: row.id.to_string(),
        version: 1 + i64::from(resolved),
        payload: convert::event::finding(row, resolved),
        created_at: now,
        leased_until: None::<Time>,
    }
}
