//! What an explanation of a fragment tells, and the snapshots that it compares.

use super::{Asked, FragmentAnswer};
use crate::{
    model::{
        moment::{moment_cell, moment_text},
        table::{TableShape, quoted},
        view::View,
    },
    store::{
        figures::{uncalculated, unwritten},
        records::passing,
        statement::{Lane, bind_cell, clause, dialect, rows},
    },
};
use db::{Conn, Failure};
use error::Error;
use formula::sql::{
    Bind, Moment, RowWriter, Statement, latest_snapshot, read_snapshots, snapshot_times,
};

/// What was read, as an explanation names it.
pub(super) fn source(shape: &TableShape) -> String {
    match &shape.schema {
        Some(schema) => format!("warehouse:{schema}.{}", shape.name),
        None => format!("warehouse:{}", shape.name),
    }
}

/// Of so many moments, the snapshot of each is looked for by itself.
const FEW: usize = 20;

/// The snapshots that stand for moments.
pub(crate) fn snapshots(
    conn: &mut Conn,
    view: &View,
    moments: &[Moment],
    latest: bool,
) -> Result<Vec<Option<Moment>>, Failure> {
    if !latest {
        return Ok(moments.iter().copied().map(Some).collect());
    }
    let dialect = dialect(conn);
    if let (Some(first), Some(last), true) = (
        moments.iter().min(),
        moments.iter().max(),
        moments.len() > FEW,
    ) {
        // Mostly there are fewer snapshots than moments, and one look for each is enough.
        let statement = snapshot_times(&view.entity, (*first, *last), moments.len(), dialect)
            .map_err(|found| unwritten("bounds", found))?;
        let rows = rows(conn, Lane::Read, &statement.sql, &statement.binds)?;
        let times = read_snapshots(&statement, &rows).map_err(uncalculated)?;
        if times.len() < moments.len() {
            let latest = |moment: &Moment| times.iter().flatten().find(|at| *at <= moment).copied();
            return Ok(moments.iter().map(latest).collect());
        }
    }
    let mut found = Vec::with_capacity(moments.len());
    for moments in moments.chunks(10_000) {
        let statement = latest_snapshot(&view.entity, moments, dialect)
            .map_err(|found| unwritten("bounds", found))?;
        let rows = rows(conn, Lane::Read, &statement.sql, &statement.binds)?;
        found.extend(read_snapshots(&statement, &rows).map_err(uncalculated)?);
    }
    if found.len() == moments.len() {
        Ok(found)
    } else {
        Err(Error::internal("a snapshot for each moment").into())
    }
}

/// How many rows of the entity passed conditions and bounds; of sets, at the snapshots.
pub(super) fn passed(
    conn: &mut Conn,
    view: &View,
    asked: &Asked,
    answer: &FragmentAnswer,
) -> Result<i64, Failure> {
    let dialect = dialect(conn);
    let mut writer = RowWriter::new(&view.entity, dialect);
    let mut conditions = passing(&mut writer, view, &asked.conditions)?;
    let time = view.shape.time_column();
    let time = time.map(|column| format!("t.{}", quoted(&column.name)));
    let mut bound = |moment: Moment| {
        let (cell, data_type) = moment_cell(moment);
        bind_cell(&mut writer, &cell, data_type)
    };
    match (time, asked.bounds.as_slice()) {
        (Some(time), [first, .., last]) if answer.snapshots.is_empty() => {
            conditions.push(format!("{time} >= {}", bound(*first)));
            conditions.push(format!("{time} < {}", bound(*last)));
        }
        (Some(time), [_, ..]) => {
            let pairs = answer.snapshots.iter();
            let mut moments: Vec<Moment> = pairs
                .flat_map(|(start, end)| [*start, *end])
                .flatten()
                .collect();
            moments.sort_unstable();
            moments.dedup();
            // Of more, only the first are counted; the statement would take no more of them.
            moments.truncate(10_000);
            let list: Vec<String> = moments.into_iter().map(&mut bound).collect();
            conditions.push(match list.is_empty() {
                true => "1 = 0".to_owned(),
                false => format!("{time} IN ({})", list.join(", ")),
            });
        }
        _ => {}
    }
    let sql = format!(
        "SELECT {} {}{}",
        writer.text(formula::DataType::Integer, "count(*)"),
        writer.from(),
        clause(&conditions)
    );
    let found = rows(conn, Lane::Read, &sql, &writer.into_binds())?;
    let count = found
        .first()
        .and_then(|row| row.first()?.as_deref()?.parse().ok());
    count.ok_or_else(|| Error::internal("a count is a number").into())
}

/// The parameters of a statement as text.
pub(super) fn parameters(statement: &Statement) -> Vec<String> {
    let text = |bind: &Bind| match bind {
        Bind::Int(n) => n.to_string(),
        Bind::Real(x) => x.to_string(),
        Bind::Text(text) => text.clone(),
    };
    statement.binds.iter().map(text).collect()
}

/// A snapshot as text; empty where there is none.
pub(crate) fn snapshot_text(moment: Option<Moment>) -> String {
    moment.map_or(String::new(), moment_text)
}
