//! The consistency checker: finds what is wrong with tables of zone 2, puts right what can be, and keeps record of both.

mod list;
mod record;
mod repair;

pub(crate) use list::{Drift, DriftQuery};

use super::{
    physical::{self, PartitionState},
    tables::{Change, Ground, Tables, chunk_counts, registry},
};
use crate::{
    model::{
        chunk::Span,
        ddl::{self, Dialect},
        definition::Definition,
        drift::{self, DriftKind, Finding, Reality, Repair},
        table::{TableShape, TableState},
    },
    reasons,
};
use auth::Scope;
use db::{Conn, Failure};
use error::Result;
use std::{collections::BTreeMap, sync::Arc};
use value::Time;

/// What a check does besides looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// Whether to put right what can be.
    pub(crate) repair: bool,
    /// Whether to make again, without its rows, what is missing and had some.
    pub(crate) accept_loss: bool,
    /// Rows are counted in tables that have at most so many.
    pub(crate) count: i64,
}

impl Tables {
    /// Looks at the tables of these entities, or at all, and answers what was found and how many were looked at.
    pub(crate) async fn check(
        &self,
        scope: &Scope,
        entities: &[String],
        check: Check,
    ) -> Result<(Vec<Drift>, usize)> {
        let change = self.change(scope);
        let codes = entities.to_vec();
        let shapes = self
            .db()
            .read(scope, move |conn| {
                let (ground, tenant) = (&change.ground, change.tenant);
                match codes.is_empty() {
                    true => registry::all(conn, ground, tenant),
                    false => registry::of_codes(conn, ground, tenant, &codes),
                }
            })
            .await?;
        let mut drifts = Vec::new();
        let codes: Vec<_> = shapes.iter().map(|shape| shape.entity.as_str()).collect();
        let definitions = self.definitions(scope, &codes).await?;
        for (shape, definition) in shapes.iter().zip(definitions) {
            drifts.extend(self.check_table(scope, shape, definition, check).await?);
        }
        Ok((drifts, shapes.len()))
    }

    /// Puts right what is wrong in the database with the table of an entity, where it can be.
    pub(crate) async fn repair(&self, scope: &Scope, entity: &str) -> Result<()> {
        let check = Check {
            repair: true,
            accept_loss: false,
            count: 0,
        };
        let (change, codes) = (self.change(scope), [entity.to_owned()]);
        let shapes = self
            .db()
            .read(scope, move |conn| {
                registry::of_codes(conn, &change.ground, change.tenant, &codes)
            })
            .await?;
        for shape in &shapes {
            self.check_database(scope, shape, check).await?;
        }
        Ok(())
    }

    async fn check_table(
        &self,
        scope: &Scope,
        shape: &TableShape,
        definition: Option<Arc<Definition>>,
        check: Check,
    ) -> Result<Vec<Drift>> {
        let mut drifts = self.check_database(scope, shape, check).await?;
        let definition = definition.filter(|definition| definition.id == shape.entity_id);
        drifts.extend(
            self.check_definition(scope, shape, definition, check)
                .await?,
        );
        Ok(drifts)
    }

    /// Compares the table with what its description says.
    async fn check_database(
        &self,
        scope: &Scope,
        shape: &TableShape,
        check: Check,
    ) -> Result<Vec<Drift>> {
        let (change, id) = (self.change(scope), shape.entity_id);
        // One snapshot: rows, manifest and catalogue belong together, and nobody waits.
        let (found, open) = self
            .db()
            .read(scope, move |conn| {
                let own = registry::of_entity(conn, &change.ground, change.tenant, id)?;
                let Some(shape) = own else {
                    return Ok((Vec::new(), false));
                };
                let open = record::has_open(conn, &shape)? || !shape.damage.is_empty();
                Ok((look(conn, &change.ground, &shape, check.count)?, open))
            })
            .await?;
        if found.is_empty() && !open {
            return Ok(Vec::new());
        }
        // Under the table's lock, everything once more: meanwhile it may have been put right.
        let change = self.change(scope);
        let count = match found.iter().any(|one| one.kind == DriftKind::WrongCount) {
            true => i64::MAX,
            false => 0,
        };
        let drifts = self
            .db()
            .claim(scope, move |conn| {
                physical::lock_key(conn, &format!("{}/{id}", change.tenant))?;
                let own = registry::locked(conn, &change.ground, change.tenant, id)?;
                let Some(shape) = own else {
                    return Ok(Vec::new());
                };
                let found = look(conn, &change.ground, &shape, count)?;
                let repaired = repair::repair(conn, &change, shape.clone(), found, check)?;
                record::record(conn, &change, &shape, repaired, record::Part::Database)
            })
            .await?;
        self.forget(shape.tenant, &shape.entity);
        Ok(drifts)
    }

    /// Compares the table with its entity's definition.
    async fn check_definition(
        &self,
        scope: &Scope,
        shape: &TableShape,
        definition: Option<Arc<Definition>>,
        check: Check,
    ) -> Result<Vec<Drift>> {
        let Some(definition) = definition else {
            if shape.state != TableState::Orphaned && check.repair {
                self.orphan(scope, shape).await?;
            }
            return Ok(Vec::new());
        };
        let behind = shape.entity_version != definition.version;
        let mut outcome = Vec::new();
        if behind || shape.state == TableState::Orphaned {
            let mut finding = Finding {
                kind: DriftKind::BehindDefinition,
                attribute: String::new(),
                description: format!(
                    "the table follows version {} of its definition, not version {}",
                    shape.entity_version, definition.version
                ),
                sql: Vec::new(),
                loss: String::new(),
                repair: Repair::Follow,
            };
            // What is wrong in the database stands in a finding of its own.
            finding.sql = match self.plan(scope, &shape.entity).await {
                Ok(plan) => plan.script,
                Err(error) if error.is(&reasons::TABLE_DAMAGED) => Vec::new(),
                Err(error) => return Err(error),
            };
            let mut state = drift::DriftState::Found;
            if check.repair {
                let problems = match self.follow(scope, &definition, true).await {
                    Ok(now) => now.problems,
                    Err(error) if error.is(&reasons::TABLE_DAMAGED) => {
                        vec![error.message().to_owned()]
                    }
                    Err(error) => return Err(error),
                };
                state = drift::DriftState::Repaired;
                if !problems.is_empty() {
                    state = drift::DriftState::NeedsAttention;
                    finding.sql.clear();
                    finding.description += &format!(": {}", problems.join("; "));
                }
            }
            outcome.push(repair::Outcome { finding, state });
            self.forget(shape.tenant, &shape.entity);
        }
        let (change, shape) = (self.change(scope), shape.clone());
        self.db()
            .claim(scope, move |conn| {
                record::record(
                    conn,
                    &change,
                    &shape,
                    outcome.clone(),
                    record::Part::Definition,
                )
            })
            .await
    }
}

/// Everything about a table that its description does not say.
fn look(
    conn: &mut Conn,
    ground: &Ground,
    shape: &TableShape,
    count: i64,
) -> Result<Vec<Finding>, Failure> {
    let physical = physical::catalogue(conn, shape)?;
    let manifest: BTreeMap<Time, i64> = chunk_counts(conn, shape)?.into_iter().collect();
    let rows: i64 = manifest.values().sum();
    let mut reality = Reality {
        physical,
        manifest,
        ..Reality::default()
    };
    let Some(physical) = &reality.physical else {
        return Ok(drift::find(shape, ground.dialect, &reality));
    };
    if physical.partitioned_by.is_some() && ground.dialect == Dialect::Postgres {
        reality.closed = closed(conn, shape, &reality.manifest)?;
    }
    let time = shape.time_column();
    let time_is_there =
        time.is_none_or(|time| physical.columns.iter().any(|real| real.name == time.name));
    if rows <= count && time_is_there {
        reality.counts = Some(physical::counts(conn, shape)?);
    }
    Ok(drift::find(shape, ground.dialect, &reality))
}

/// The chunks whose partition is not part of the table.
fn closed(
    conn: &mut Conn,
    shape: &TableShape,
    manifest: &BTreeMap<Time, i64>,
) -> Result<Vec<(Span, i64, bool)>, Failure> {
    let Some(interval) = shape.chunk_interval else {
        return Ok(Vec::new());
    };
    let attached = physical::partitions(conn, shape)?;
    let mut closed = Vec::new();
    for (start, rows) in manifest {
        let span = interval.span(*start);
        if attached.contains(&ddl::partition_name(shape, &span)) {
            continue;
        }
        let gone = physical::partition_state(conn, shape, &span)? == PartitionState::Missing;
        closed.push((span, *rows, gone));
    }
    Ok(closed)
}

/// Who checks, for the record.
pub(super) type Checker = Change;
