//! The record of what was found: each thing once, for as long as it lasts.

use super::{Checker, Drift, list::Row, repair::Outcome};
use crate::{
    convert,
    model::{
        drift::{DriftKind, DriftState},
        table::TableShape,
    },
    schema::drifts,
};
use db::{Conn, Failure, outbox};
use diesel::prelude::*;
use error::Error;
use value::{Id, Json};

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The table in the database.
    Database,
    /// Whether it follows its definition.
    Definition,
}

fn open(conn: &mut Conn, shape: &TableShape) -> Result<Vec<Row>, Failure> {
    Ok(drifts::table
        .filter(drifts::tenant.eq(shape.tenant))
        .filter(drifts::table_id.eq(shape.id))
        .filter(drifts::state.ne(DriftState::Repaired.name()))
        .load(conn)?)
}

/// Whether something was found before that was not put right.
pub(super) fn has_open(conn: &mut Conn, shape: &TableShape) -> Result<bool, Failure> {
    Ok(!open(conn, shape)?.is_empty())
}

/// Writes down what was found and done, and tells others what is new. What was found before and is not any more was put right by somebody.
pub(super) fn record(
    conn: &mut Conn,
    change: &Checker,
    shape: &TableShape,
    outcomes: Vec<Outcome>,
    part: Part,
) -> Result<Vec<Drift>, Failure> {
    let mut known = open(conn, shape)?;
    let behind = DriftKind::BehindDefinition.name();
    known.retain(|row| (row.kind == behind) == (part == Part::Definition));
    let mut drifts = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let finding = &outcome.finding;
        let same = known.iter().position(|row| {
            row.kind == finding.kind.name()
                && row.attribute == finding.attribute
                && (row.description == finding.description || outcome.state == DriftState::Repaired)
        });
        let before = same.map(|at| known.swap_remove(at));
        let row = row(change, shape, &outcome, before.as_ref())?;
        match before {
            Some(_) => {
                diesel::update(drifts::table.find(row.id))
                    .filter(drifts::tenant.eq(row.tenant))
                    .set(&row)
                    .execute(conn)?;
            }
            None => {
                diesel::insert_into(drifts::table)
                    .values(&row)
                    .execute(conn)?;
            }
        }
        if before
            .as_ref()
            .is_none_or(|before| before.state != row.state)
        {
            announce(conn, change, &row)?;
        }
        drifts.push(row.drift()?);
    }
    for mut row in known {
        row.state = DriftState::Repaired.name().to_owned();
        row.actor = "somebody".to_owned();
        row.repaired_at = Some(change.now);
        row.updated_at = change.now;
        row.version += 1;
        diesel::update(drifts::table.find(row.id))
            .filter(drifts::tenant.eq(row.tenant))
            .set(&row)
            .execute(conn)?;
        announce(conn, change, &row)?;
    }
    Ok(drifts)
}

fn row(
    change: &Checker,
    shape: &TableShape,
    outcome: &Outcome,
    before: Option<&Row>,
) -> Result<Row, Failure> {
    let finding = &outcome.finding;
    let repaired = outcome.state == DriftState::Repaired;
    Ok(Row {
        id: before.map_or_else(Id::new, |before| before.id),
        tenant: change.tenant,
        table_id: shape.id,
        entity: shape.entity.clone(),
        attribute: finding.attribute.clone(),
        kind: finding.kind.name().to_owned(),
        description: finding.description.clone(),
        statements: Json::of(&finding.sql).map_err(Error::internal)?,
        state: outcome.state.name().to_owned(),
        loss: finding.loss.clone(),
        actor: match repaired {
            true => change.actor.clone(),
            false => String::new(),
        },
        version: before.map_or(1, |before| before.version + 1),
        created_at: before.map_or(change.now, |before| before.created_at),
        updated_at: change.now,
        repaired_at: repaired.then_some(change.now),
    })
}

fn announce(conn: &mut Conn, change: &Checker, row: &Row) -> Result<(), Failure> {
    outbox::put(
        conn,
        &[outbox::Event {
            id: Id::new(),
            tenant: change.tenant,
            topic: convert::tables::DRIFT_FOUND.to_owned(),
            lane: row.id.to_string(),
            version: row.version,
            payload: convert::tables::drift_found(&row.drift()?),
            created_at: change.now,
            leased_until: None,
        }],
    )
}
