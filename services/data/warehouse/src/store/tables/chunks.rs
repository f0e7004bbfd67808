//! The manifest of chunks: partitions before rows, counts and versions after them, in one transaction with the rows.

use super::super::physical;
use crate::{
    model::{
        chunk::{Chunk, Deltas, Interval, Span},
        ddl,
        table::TableShape,
    },
    reasons,
    schema::{chunks, tables},
};
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Error;
use std::collections::BTreeSet;
use value::{Id, Time};

/// Makes room for rows in these chunks: on PostgreSQL partitions, made where they are not there yet. The manifest has each of them from
/// then on, so that those that stay without rows count.
///
/// # Errors
/// `CHUNK_LIMIT` where the table would have more than `limit`.
pub(crate) fn open_chunks(
    conn: &mut Conn,
    shape: &TableShape,
    limit: usize,
    deltas: &Deltas,
    now: Time,
) -> Result<(), Failure> {
    let spans: Vec<Span> = deltas.chunks().filter_map(|(span, _)| span).collect();
    if spans.is_empty() || shape.chunk_interval.is_none() {
        return Ok(());
    }
    let known = match spans.len() <= limit {
        true => known(conn, shape, &spans)?,
        false => BTreeSet::new(),
    };
    let new: Vec<_> = spans
        .iter()
        .filter(|span| !known.contains(&span.start()))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let all = count(conn, shape)? + new.len();
    if all > limit {
        let interval = shape.chunk_interval.map_or("", Interval::name);
        let words = format!(
            "rows of `{}` would lie in {all} spans of a {interval} each, and a table has at most {limit}",
            shape.entity
        );
        return Err(Error::new(&reasons::CHUNK_LIMIT, words)
            .with_metadata("entity", &shape.entity)
            .into());
    }
    if !conn.is_postgres() {
        return Ok(());
    }
    for span in new {
        open_partition(conn, shape, span)?;
        insert_chunk(conn, shape, (span.start(), span.end()), 0, 0, now)?;
    }
    Ok(())
}

/// Makes a partition, or attaches one that somebody detached.
pub(crate) fn open_partition(
    conn: &mut Conn,
    shape: &TableShape,
    span: &Span,
) -> Result<(), Failure> {
    let script = match physical::partition_state(conn, shape, span)? {
        physical::PartitionState::Attached => Vec::new(),
        physical::PartitionState::Detached => vec![ddl::attach(shape, span)],
        physical::PartitionState::Missing => ddl::partition(shape, span),
    };
    physical::run(conn, &script)
}

/// Which of these spans the manifest has.
fn known(conn: &mut Conn, shape: &TableShape, spans: &[Span]) -> Result<BTreeSet<Time>, Failure> {
    let mut known = BTreeSet::new();
    // Either database takes so many parameters in one statement.
    for spans in spans.chunks(10_000) {
        let starts: Vec<_> = spans.iter().map(Span::start).collect();
        let found: Vec<Time> = chunks::table
            .filter(chunks::tenant.eq(shape.tenant))
            .filter(chunks::table_id.eq(shape.id))
            .filter(chunks::start_at.eq_any(starts))
            .select(chunks::start_at)
            .load(conn)?;
        known.extend(found);
    }
    Ok(known)
}

fn count(conn: &mut Conn, shape: &TableShape) -> Result<usize, Failure> {
    let count: i64 = chunks::table
        .filter(chunks::tenant.eq(shape.tenant))
        .filter(chunks::table_id.eq(shape.id))
        .count()
        .get_result(conn)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// First moments of the chunks that a table has.
pub(crate) fn starts(conn: &mut Conn, shape: &TableShape) -> Result<Vec<Time>, Failure> {
    Ok(chunks::table
        .filter(chunks::tenant.eq(shape.tenant))
        .filter(chunks::table_id.eq(shape.id))
        .select(chunks::start_at)
        .order(chunks::start_at.asc())
        .load(conn)?)
}

/// The spans that a table needs room for: those that rows really lie in, and those of the manifest, by which writers take a partition for
/// being there even where all its rows are gone.
pub(crate) fn spans(conn: &mut Conn, shape: &TableShape) -> Result<Vec<Span>, Failure> {
    let Some(interval) = shape.chunk_interval else {
        return Ok(Vec::new());
    };
    let filled = physical::counts(conn, shape)?.into_keys();
    let starts: BTreeSet<_> = filled.chain(starts(conn, shape)?).collect();
    Ok(starts
        .into_iter()
        .map(|start| interval.span(start))
        .collect())
}

/// How many rows the manifest has in each chunk, by its first moment.
pub(crate) fn counts(conn: &mut Conn, shape: &TableShape) -> Result<Vec<(Time, i64)>, Failure> {
    Ok(chunks::table
        .filter(chunks::tenant.eq(shape.tenant))
        .filter(chunks::table_id.eq(shape.id))
        .select((chunks::start_at, chunks::rows))
        .order(chunks::start_at.asc())
        .load(conn)?)
}

#[derive(Insertable)]
#[diesel(table_name = chunks)]
struct NewChunk {
    id: Id,
    tenant: Id,
    table_id: Id,
    start_at: Time,
    end_at: Time,
    rows: i64,
    data_version: i64,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

/// Counts what a change did, and gives table and chunks a new version; the table's, or the old one where nothing was touched. The
/// transaction has the table locked.
pub(crate) fn record_change(
    conn: &mut Conn,
    shape: &TableShape,
    deltas: &Deltas,
    now: Time,
) -> Result<i64, Failure> {
    let own = tables::table
        .find(shape.id)
        .filter(tables::tenant.eq(shape.tenant));
    if deltas.is_empty() {
        return Ok(own.select(tables::data_version).first(conn)?);
    }
    for (span, rows) in deltas.chunks() {
        record_chunk(conn, shape, span, rows, now)?;
    }
    diesel::update(own)
        .set((
            tables::rows.eq(tables::rows + deltas.rows()),
            tables::data_version.eq(tables::data_version + 1),
        ))
        .execute(conn)?;
    Ok(own.select(tables::data_version).first(conn)?)
}

fn record_chunk(
    conn: &mut Conn,
    shape: &TableShape,
    span: Option<Span>,
    rows: i64,
    now: Time,
) -> Result<(), Failure> {
    let (start, end) = span.map_or((Time::MIN, Time::MAX), |span| (span.start(), span.end()));
    let own = chunks::table
        .filter(chunks::tenant.eq(shape.tenant))
        .filter(chunks::table_id.eq(shape.id))
        .filter(chunks::start_at.eq(start));
    let found = diesel::update(own)
        .set((
            chunks::rows.eq(chunks::rows + rows),
            chunks::data_version.eq(chunks::data_version + 1),
            chunks::version.eq(chunks::version + 1),
            chunks::updated_at.eq(now),
        ))
        .execute(conn)?;
    if found > 0 {
        return Ok(());
    }
    insert_chunk(conn, shape, (start, end), rows, 1, now)
}

fn insert_chunk(
    conn: &mut Conn,
    shape: &TableShape,
    (start, end): (Time, Time),
    rows: i64,
    data_version: i64,
    now: Time,
) -> Result<(), Failure> {
    diesel::insert_into(chunks::table)
        .values(NewChunk {
            id: Id::new(),
            tenant: shape.tenant,
            table_id: shape.id,
            start_at: start,
            end_at: end,
            rows,
            data_version,
            version: 1,
            created_at: now,
            updated_at: now,
        })
        .execute(conn)?;
    Ok(())
}

/// Says how many rows a chunk really has; a chunk that was not known is now. The table's count follows.
pub(crate) fn correct(
    conn: &mut Conn,
    shape: &TableShape,
    start: Time,
    rows: i64,
    now: Time,
) -> Result<(), Failure> {
    let known: Option<i64> = chunks::table
        .filter(chunks::tenant.eq(shape.tenant))
        .filter(chunks::table_id.eq(shape.id))
        .filter(chunks::start_at.eq(start))
        .select(chunks::rows)
        .first(conn)
        .optional()?;
    let mut deltas = Deltas::new(shape.chunk_interval);
    deltas.add(Some(start), rows - known.unwrap_or(0));
    record_change(conn, shape, &deltas, now)?;
    Ok(())
}

/// Chunks of a table, the latest first, beginning before a moment.
pub(super) fn page(
    conn: &mut Conn,
    tenant: Id,
    table: Id,
    timed: bool,
    before: Option<Time>,
    limit: i64,
) -> Result<Vec<Chunk>, Failure> {
    let mut query = chunks::table
        .filter(chunks::tenant.eq(tenant))
        .filter(chunks::table_id.eq(table))
        .order(chunks::start_at.desc())
        .limit(limit)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(chunks::start_at.lt(before));
    }
    #[derive(Queryable, Selectable)]
    #[diesel(table_name = chunks)]
    struct Row {
        id: Id,
        start_at: Time,
        end_at: Time,
        rows: i64,
        data_version: i64,
        created_at: Time,
        updated_at: Time,
    }
    let rows: Vec<Row> = query.select(Row::as_select()).load(conn)?;
    let chunk = |row: Row| Chunk {
        id: row.id,
        start: row.start_at,
        span: timed.then_some((row.start_at, row.end_at)),
        rows: row.rows,
        data_version: row.data_version,
        created: row.created_at,
        updated: row.updated_at,
    };
    Ok(rows.into_iter().map(chunk).collect())
}
