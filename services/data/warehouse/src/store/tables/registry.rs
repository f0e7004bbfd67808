//! Rows of `tables`: how a table is described, and how its rows stand.

use super::Ground;
use crate::{
    model::{
        chunk::Interval,
        table::{TableShape, TableState, kind_name, kind_of_name},
    },
    reasons,
    schema::{chunks, pg_inherits, tables},
    store::physical,
};
use db::{Conn, Failure};
use diesel::{prelude::*, sql_types::Text};
use error::Error;
use std::sync::Arc;
use value::{Id, Json, Time};

/// A row of `tables`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tables, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct Row {
    id: Id,
    tenant: Id,
    entity: String,
    entity_id: Id,
    kind: String,
    entity_version: i64,
    seen_version: i64,
    generation: i32,
    name: String,
    layout: Json,
    chunk_interval: Option<String>,
    state: String,
    problems: Json,
    rows: i64,
    data_version: i64,
    version: i64,
    created_at: Time,
    updated_at: Time,
    damage: String,
}

impl Row {
    fn of(shape: &TableShape) -> Result<Self, Failure> {
        Ok(Self {
            id: shape.id,
            tenant: shape.tenant,
            entity: shape.entity.clone(),
            entity_id: shape.entity_id,
            kind: kind_name(shape.kind).to_owned(),
            entity_version: shape.entity_version,
            seen_version: shape.seen_version,
            generation: shape.generation,
            name: shape.name.clone(),
            layout: Json::of(&shape.columns).map_err(Error::internal)?,
            chunk_interval: shape
                .chunk_interval
                .map(|interval| interval.name().to_owned()),
            state: shape.state.name().to_owned(),
            problems: Json::of(&shape.problems).map_err(Error::internal)?,
            rows: shape.rows,
            data_version: shape.data_version,
            version: shape.version,
            created_at: shape.created,
            updated_at: shape.updated,
            damage: shape.damage.join("\n"),
        })
    }

    pub(super) fn shape(self, ground: &Ground) -> Result<TableShape, Failure> {
        let broken = |what: &str| Error::internal(format!("a stored table has no such {what}"));
        Ok(TableShape {
            id: self.id,
            tenant: self.tenant,
            kind: kind_of_name(&self.kind).ok_or_else(|| broken("kind"))?,
            entity: self.entity,
            entity_id: self.entity_id,
            entity_version: self.entity_version,
            seen_version: self.seen_version,
            generation: self.generation,
            schema: ground.schema.clone(),
            name: self.name,
            columns: self.layout.read().map_err(Error::internal)?,
            chunk_interval: match self.chunk_interval.as_deref() {
                None => None,
                Some(name) => Some(Interval::of_name(name).ok_or_else(|| broken("interval"))?),
            },
            state: TableState::of_name(&self.state).ok_or_else(|| broken("state"))?,
            problems: self.problems.read().map_err(Error::internal)?,
            damage: self.damage.lines().map(str::to_owned).collect(),
            version: self.version,
            rows: self.rows,
            data_version: self.data_version,
            created: self.created_at,
            updated: self.updated_at,
        })
    }
}

/// The table of an entity's definition.
pub(crate) fn of_entity(
    conn: &mut Conn,
    ground: &Ground,
    tenant: Id,
    entity_id: Id,
) -> Result<Option<TableShape>, Failure> {
    let row: Option<Row> = tables::table
        .filter(tables::tenant.eq(tenant))
        .filter(tables::entity_id.eq(entity_id))
        .first(conn)
        .optional()?;
    row.map(|row| row.shape(ground)).transpose()
}

/// The tables of these codes; where an entity was deleted and defined anew, that of the live one, or the latest.
pub(crate) fn of_codes(
    conn: &mut Conn,
    ground: &Ground,
    tenant: Id,
    codes: &[String],
) -> Result<Vec<TableShape>, Failure> {
    let rows: Vec<Row> = tables::table
        .filter(tables::tenant.eq(tenant))
        .filter(tables::entity.eq_any(codes.to_vec()))
        .order((tables::entity.asc(), tables::id.asc()))
        .load(conn)?;
    let mut shapes: Vec<TableShape> = Vec::with_capacity(rows.len());
    for row in rows {
        let shape = row.shape(ground)?;
        match shapes.last_mut() {
            Some(last) if last.entity == shape.entity => {
                if last.state == TableState::Orphaned || shape.state != TableState::Orphaned {
                    *last = shape;
                }
            }
            _ => shapes.push(shape),
        }
    }
    Ok(shapes)
}

/// Every table of a tenant.
pub(crate) fn all(
    conn: &mut Conn,
    ground: &Ground,
    tenant: Id,
) -> Result<Vec<TableShape>, Failure> {
    let rows: Vec<Row> = tables::table
        .filter(tables::tenant.eq(tenant))
        .order((tables::entity.asc(), tables::id.asc()))
        .load(conn)?;
    rows.into_iter().map(|row| row.shape(ground)).collect()
}

/// Every tenant that has tables.
pub(crate) fn tenants(conn: &mut Conn) -> Result<Vec<Id>, Failure> {
    Ok(tables::table
        .select(tables::tenant)
        .distinct()
        .order(tables::tenant.asc())
        .load(conn)?)
}

/// Describes a new table.
pub(super) fn insert(conn: &mut Conn, shape: &TableShape) -> Result<(), Failure> {
    diesel::insert_into(tables::table)
        .values(Row::of(shape)?)
        .execute(conn)?;
    Ok(())
}

/// Describes a table anew. How its rows stand is what it was, and not changed here.
pub(super) fn update(conn: &mut Conn, shape: &TableShape) -> Result<(), Failure> {
    let row = Row::of(shape)?;
    diesel::update(tables::table.find(shape.id))
        .filter(tables::tenant.eq(shape.tenant))
        .set(&row)
        .execute(conn)?;
    Ok(())
}

/// How the rows of a table stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How many there are.
    pub(crate) rows: i64,
    /// Grows with every change of them.
    pub(crate) data_version: i64,
}

/// Compares a shape with the table's description; perhaps locks it against other writers until the transaction ends.
pub(super) fn standing(
    conn: &mut Conn,
    shape: &TableShape,
    lock: bool,
) -> Result<Standing, Failure> {
    let query = tables::table
        .find(shape.id)
        .filter(tables::tenant.eq(shape.tenant))
        .select((tables::version, tables::rows, tables::data_version));
    let found: Option<(i64, i64, i64)> = match conn {
        Conn::Pg(conn) if lock => query.for_update().first(conn).optional()?,
        conn => query.first(conn).optional()?,
    };
    match found {
        Some((version, rows, data_version)) if version == shape.version => {
            Ok(Standing { rows, data_version })
        }
        _ => Err(changed(&shape.entity).into()),
    }
}

diesel::define_sql_function! {
    /// PostgreSQL's: the table of a name; none where there is none.
    fn to_regclass(name: Text) -> Nullable<Oid>;
}

/// As [`standing`], for reading: also refuses a table that has fewer partitions than chunks with rows, because without those, reading would
/// just find less. The table as it stands now.
pub(super) fn to_read(
    conn: &mut Conn,
    shape: &Arc<TableShape>,
) -> Result<Arc<TableShape>, Failure> {
    let found = match conn {
        Conn::Pg(pg) if shape.chunk_interval.is_some() => {
            let filled = chunks::table
                .filter(chunks::tenant.eq(shape.tenant))
                .filter(chunks::table_id.eq(shape.id))
                .filter(chunks::rows.gt(0))
                .count();
            let attached = pg_inherits::table
                .filter(
                    pg_inherits::inhparent
                        .nullable()
                        .eq(to_regclass(shape.qualified())),
                )
                .count();
            // Version, rows, data version, chunks that have rows, partitions.
            type Registered = (i64, i64, i64, Option<i64>, Option<i64>);
            // One round trip, and a plan that is kept.
            let found: Option<Registered> = tables::table
                .find(shape.id)
                .filter(tables::tenant.eq(shape.tenant))
                .select((
                    tables::version,
                    tables::rows,
                    tables::data_version,
                    filled.single_value(),
                    attached.single_value(),
                ))
                .first(pg)
                .optional()?;
            let counted = found.map(|(.., filled, attached)| (filled, attached));
            let missing = counted.is_some_and(|(filled, attached)| attached < filled);
            found
                .filter(|(version, ..)| *version == shape.version)
                .map(|(_, rows, data_version, ..)| (Standing { rows, data_version }, missing))
        }
        _ => Some((standing(conn, shape, false)?, false)),
    };
    let Some((Standing { rows, data_version }, missing)) = found else {
        return Err(changed(&shape.entity).into());
    };
    // One that somebody made without partitions has all its rows in itself.
    if missing && physical::partition_count(conn, shape)?.is_some() {
        let words = format!(
            "partitions of `{}` that have rows are missing",
            shape.entity
        );
        return Err(Error::new(&reasons::TABLE_DAMAGED, words)
            .with_metadata("entity", &shape.entity)
            .into());
    }
    if (shape.rows, shape.data_version) == (rows, data_version) {
        return Ok(Arc::clone(shape));
    }
    Ok(Arc::new(TableShape {
        rows,
        data_version,
        ..TableShape::clone(shape)
    }))
}

/// Locks tables, always in the same order, so that two that write to the same ones do not wait for each other.
pub(super) fn lock(conn: &mut Conn, shapes: &[Arc<TableShape>]) -> Result<(), Failure> {
    let mut ordered: Vec<_> = shapes.iter().collect();
    ordered.sort_by_key(|shape| shape.id);
    for shape in ordered {
        standing(conn, shape, true)?;
    }
    Ok(())
}

fn changed(entity: &str) -> Error {
    Error::new(
        &reasons::TABLE_CHANGED,
        format!("the table of `{entity}` was changed while the call ran: send it again"),
    )
    .with_metadata("entity", entity)
}

/// The table of an entity's definition, locked against writers and others who would change it.
pub(crate) fn locked(
    conn: &mut Conn,
    ground: &Ground,
    tenant: Id,
    entity_id: Id,
) -> Result<Option<TableShape>, Failure> {
    let query = tables::table
        .filter(tables::tenant.eq(tenant))
        .filter(tables::entity_id.eq(entity_id));
    let row: Option<Row> = match conn {
        Conn::Pg(conn) => query.for_update().first(conn).optional()?,
        conn => query.first(conn).optional()?,
    };
    row.map(|row| row.shape(ground)).transpose()
}
