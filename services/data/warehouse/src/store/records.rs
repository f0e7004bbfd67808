//! Reading rows: one, some by id, and a page of those that pass.

mod order;
mod select;

pub(crate) use select::{passing, refused, row, selected};

use super::{
    Viewer,
    statement::{Lane, TextRow, clause, dialect, in_time, one_of, rows},
};
use crate::model::{
    filter::Filter,
    page::{Cursor, Key, order as read_order},
    row::Fault,
    value::Cell,
    view::View,
};
use db::{Conn, Failure, page::Shape};
use error::{Error, Violation};
use formula::{DataType, Typed, sql::RowWriter};
use order::{after, beyond, ordered};
use select::attributes;
use std::{sync::Arc, time::Instant};
use value::{Id, Time};

/// About so many bytes a page has at most; clients take messages of 4 MiB.
const MOST_BYTES: usize = 3 << 20;

/// Which rows of an entity are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowsAsk {
    pub(crate) entity: String,
    /// Conditions that all hold.
    pub(crate) filters: Vec<Filter>,
    /// One more, in the metric language; empty is none.
    pub(crate) condition: String,
    pub(crate) order_by: String,
    /// Attributes to read; none is all.
    pub(crate) attributes: Vec<String>,
    pub(crate) size: usize,
    pub(crate) token: String,
    pub(crate) count_total: bool,
}

/// A row as it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) version: i64,
    pub(crate) created: Time,
    pub(crate) updated: Time,
    /// A cell for each attribute that was read.
    pub(crate) cells: Vec<Cell>,
}

/// Rows of an entity.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// The attributes that were read, with their types.
    pub(crate) attributes: Vec<(String, DataType)>,
    pub(crate) rows: Vec<Row>,
    /// Token of the next page; empty on the last.
    pub(crate) next: String,
    /// How many pass in all, where asked for.
    pub(crate) total: i64,
    /// The statement that read them.
    pub(crate) sql: String,
}

impl super::Store {
    /// A page of rows.
    pub(crate) async fn list_records(&self, viewer: &Viewer, ask: RowsAsk) -> Result<Rows, Error> {
        let end = viewer.end;
        let filters = Arc::clone(&viewer.filters);
        let entity = vec![ask.entity.clone()];
        self.tables
            .read(&viewer.scope, entity, move |conn, shapes| {
                let view = View::new(&shapes[0], &filters)?;
                conn.until(end, |conn| page(conn, &view, &ask, end))
            })
            .await
    }

    /// The rows of these ids that there are, in no order.
    pub(crate) async fn records_by_id(
        &self,
        viewer: &Viewer,
        entity: &str,
        ids: Vec<Id>,
    ) -> Result<Rows, Error> {
        let end = viewer.end;
        let filters = Arc::clone(&viewer.filters);
        self.tables
            .read(
                &viewer.scope,
                vec![entity.to_owned()],
                move |conn, shapes| {
                    let view = View::new(&shapes[0], &filters)?;
                    conn.until(end, |conn| by_id(conn, &view, &ids))
                },
            )
            .await
    }
}

/// Indexes of the columns to read: those asked for, or all.
fn chosen(view: &View, attributes: &[String]) -> Result<Vec<usize>, Vec<Violation>> {
    if attributes.is_empty() {
        return Ok((0..view.layout.columns.len()).collect());
    }
    let (mut found, mut violations) = (Vec::new(), Vec::new());
    for (at, attribute) in attributes.iter().enumerate() {
        match view.layout.index(attribute) {
            Some(index) => found.push(index),
            None => {
                let fault = view.layout.unknown(attribute);
                let field = format!("attributes[{at}]");
                violations.push(Violation::new(field, fault.reason, fault.description));
            }
        }
    }
    if violations.is_empty() {
        Ok(found)
    } else {
        Err(violations)
    }
}

/// What was asked for, typed; everything wrong with it at once.
struct Asked {
    columns: Vec<usize>,
    keys: Vec<Key>,
    conditions: Vec<Typed>,
}

fn typed(view: &View, ask: &RowsAsk) -> Result<Asked, Error> {
    let mut violations = Vec::new();
    let mut keep = |found: Vec<Violation>| violations.extend(found);
    let columns = chosen(view, &ask.attributes).map_err(&mut keep).ok();
    let of_order = |faults: Vec<Fault>| {
        let violation = |fault: Fault| Violation::new("order_by", fault.reason, fault.description);
        faults.into_iter().map(violation).collect()
    };
    let keys = read_order(&view.layout, &ask.order_by)
        .map_err(|faults| keep(of_order(faults)))
        .ok();
    let conditions = view.conditions();
    let filters = conditions
        .filters("filters", &ask.filters)
        .map_err(&mut keep)
        .ok();
    let text = conditions
        .text("where", &ask.condition)
        .map_err(&mut keep)
        .ok();
    match (columns, keys, filters, text) {
        (Some(columns), Some(keys), Some(filters), Some(text)) => Ok(Asked {
            columns,
            keys,
            conditions: filters.into_iter().chain(text).collect(),
        }),
        _ => Err(Error::invalid(violations)),
    }
}

fn by_id(conn: &mut Conn, view: &View, ids: &[Id]) -> Result<Rows, Failure> {
    let dialect = dialect(conn);
    let columns: Vec<usize> = (0..view.layout.columns.len()).collect();
    let mut writer = RowWriter::new(&view.entity, dialect);
    let mut conditions = vec![one_of(&mut writer, ids)];
    conditions.extend(passing(&mut writer, view, &[])?);
    let sql = format!(
        "SELECT {} {}{}",
        selected(&writer, &view.shape, view, &columns),
        writer.from(),
        clause(&conditions)
    );
    let texts = rows(conn, Lane::Read, &sql, &writer.into_binds())?;
    let found = texts.iter().map(|texts| row(view, &columns, texts));
    Ok(Rows {
        attributes: attributes(view, &columns),
        rows: found.collect::<Result<_, _>>()?,
        next: String::new(),
        total: 0,
        sql,
    })
}

fn page(conn: &mut Conn, view: &View, ask: &RowsAsk, end: Instant) -> Result<Rows, Failure> {
    let asked = typed(view, ask)?;
    let filters: Vec<String> = ask.filters.iter().map(|f| format!("{f:?}")).collect();
    let shape = Shape::of(
        "records",
        &(
            &ask.entity,
            filters,
            &ask.condition,
            &ask.order_by,
            &ask.attributes,
        ),
    );
    let after = match shape.key::<Cursor>(&ask.token)? {
        None => None,
        Some(cursor) => Some(after(conn, view, &asked.keys, cursor)?),
    };
    let dialect = dialect(conn);
    let mut writer = RowWriter::new(&view.entity, dialect);
    let mut conditions = passing(&mut writer, view, &asked.conditions)?;
    if let Some((cells, id)) = &after {
        conditions.push(beyond(&mut writer, view, &asked.keys, cells, *id));
    }
    // The keys are read besides, for the token.
    let own = asked.columns.len();
    let read: Vec<usize> = asked
        .columns
        .iter()
        .copied()
        .chain(asked.keys.iter().map(|key| key.column))
        .collect();
    let sql = format!(
        "SELECT {} {}{} ORDER BY {} LIMIT {}",
        selected(&writer, &view.shape, view, &read),
        writer.from(),
        clause(&conditions),
        ordered(&writer, view, &asked.keys, dialect),
        ask.size + 1
    );
    let texts = rows(conn, Lane::Read, &sql, &writer.into_binds())?;
    let found = texts.iter().map(|texts| row(view, &read, texts));
    let found: Vec<Row> = found.collect::<Result<_, _>>()?;
    let size = ask.size.min(fitting(&texts, &asked.columns, view));
    let mut page = db::Page::cut(found, size, shape, |last| {
        let stored = last.cells[own..].iter().zip(&read[own..]);
        let keys = stored.map(|(cell, index)| cell.stored(view.layout.columns[*index].data_type));
        Cursor::new(keys.collect(), last.id)
    });
    for row in &mut page.items {
        row.cells.truncate(own);
    }
    let total = match ask.count_total {
        true => {
            in_time(end)?;
            total(conn, view, &asked.conditions)?
        }
        false => 0,
    };
    Ok(Rows {
        attributes: attributes(view, &asked.columns),
        rows: page.items,
        next: page.next,
        total,
        sql,
    })
}

/// How many of the rows, at least one, a message takes that every client takes: a page of long texts has fewer rows than it might.
fn fitting(texts: &[TextRow], columns: &[usize], view: &View) -> usize {
    let names = columns
        .iter()
        .map(|index| view.layout.columns[*index].attribute.len() + 16);
    let names: usize = names.sum();
    let mut bytes = 0;
    let fits = texts.iter().take_while(|row| {
        let cells = row.iter().flatten().map(String::len);
        bytes += cells.sum::<usize>() + names;
        bytes <= MOST_BYTES
    });
    fits.count().max(1)
}

/// How many rows pass.
pub(crate) fn total(conn: &mut Conn, view: &View, conditions: &[Typed]) -> Result<i64, Failure> {
    let dialect = dialect(conn);
    let mut writer = RowWriter::new(&view.entity, dialect);
    let conditions = passing(&mut writer, view, conditions)?;
    let sql = format!(
        "SELECT {} {}{}",
        writer.text(DataType::Integer, "count(*)"),
        writer.from(),
        clause(&conditions)
    );
    let rows = rows(conn, Lane::Read, &sql, &writer.into_binds())?;
    let count = rows
        .first()
        .and_then(|row| row.first()?.as_deref()?.parse().ok());
    count.ok_or_else(|| Error::internal("a count is a number").into())
}
