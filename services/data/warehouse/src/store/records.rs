//! Reading rows: one, some by id, and a page of those that pass.

use super::{
    Viewer,
    statement::{Lane, TextRow, bind_cell, clause, dialect, in_time, one_of, rows},
};
use crate::model::{
    filter::Filter,
    page::{Cursor, Key, order},
    table::{CREATED, TableShape, UPDATED, VERSION, quoted},
    value::Cell,
    view::View,
};
use db::{Conn, Failure, page::Shape};
use error::{Error, Violation, reason};
use formula::{DataType, Typed, sql::RowWriter};
use std::{sync::Arc, time::Instant};
use value::{Id, Time};

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
    let of_order = |faults: Vec<crate::model::row::Fault>| {
        let violation = |fault: crate::model::row::Fault| {
            Violation::new("order_by", fault.reason, fault.description)
        };
        faults.into_iter().map(violation).collect()
    };
    let keys = order(&view.layout, &ask.order_by)
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

/// The conditions that rows pass, and the one that says which may be seen.
pub(crate) fn passing(
    writer: &mut RowWriter<'_>,
    view: &View,
    conditions: &[Typed],
) -> Result<Vec<String>, Failure> {
    let all = view.visible.iter().chain(conditions);
    all.map(|typed| writer.condition(typed).map_err(refused))
        .collect()
}

/// What `formula` refuses to write: a request that fits the entity and yet no statement.
pub(crate) fn refused(refused: formula::sql::Refused) -> Failure {
    Error::invalid_field("where", refused.code.name(), refused.message).into()
}

/// The columns of a statement that reads whole rows: id, version and times, then the attributes.
pub(crate) fn selected(
    writer: &RowWriter<'_>,
    shape: &TableShape,
    view: &View,
    columns: &[usize],
) -> String {
    debug_assert_eq!(shape.entity, view.shape.entity, "one table");
    let system = [
        (DataType::Integer, VERSION),
        (DataType::Timestamp, CREATED),
        (DataType::Timestamp, UPDATED),
    ];
    let own = columns.iter().map(|index| {
        let column = &view.layout.columns[*index];
        (column.data_type, column.name.as_str())
    });
    let mut list = vec![writer.text(DataType::Uuid, &writer.row_id())];
    for (data_type, name) in system.into_iter().chain(own) {
        list.push(writer.text(data_type, &format!("t.{}", quoted(name))));
    }
    list.join(", ")
}

/// The row of such a statement.
pub(crate) fn row(view: &View, columns: &[usize], texts: &TextRow) -> Result<Row, Failure> {
    let broken = || Failure::from(Error::internal("a row is not as its table says"));
    let cell = |at: usize, data_type| Cell::of_stored(texts.get(at)?.as_deref(), data_type);
    let time = |at| match cell(at, DataType::Timestamp) {
        Some(Cell::Timestamp(micros)) => Ok(Time::from_micros(micros)),
        _ => Err(broken()),
    };
    let id = match cell(0, DataType::Uuid) {
        Some(Cell::Uuid(uuid)) => Id::from_uuid(uuid),
        _ => return Err(broken()),
    };
    let version = match cell(1, DataType::Integer) {
        Some(Cell::Integer(version)) => version,
        _ => return Err(broken()),
    };
    let cells = columns
        .iter()
        .enumerate()
        .map(|(at, index)| cell(at + 4, view.layout.columns[*index].data_type).ok_or_else(broken));
    Ok(Row {
        id,
        version,
        created: time(2)?,
        updated: time(3)?,
        cells: cells.collect::<Result<_, _>>()?,
    })
}

fn attributes(view: &View, columns: &[usize]) -> Vec<(String, DataType)> {
    let column = |index: &usize| {
        let column = &view.layout.columns[*index];
        (column.attribute.clone(), column.data_type)
    };
    columns.iter().map(column).collect()
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
    let mut page = db::Page::cut(found, ask.size, shape, |last| {
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

/// Where a page goes on: the keys of the row before, from the token or from the row.
fn after(
    conn: &mut Conn,
    view: &View,
    keys: &[Key],
    cursor: Cursor,
) -> Result<(Vec<Cell>, Id), Failure> {
    let gone = || {
        Error::new(
            &reason::INVALID_PAGE_TOKEN,
            "the row that the page before ended with is gone: start again without a token",
        )
    };
    let data_type = |key: &Key| view.layout.columns[key.column].data_type;
    let Some(stored) = cursor.keys else {
        let columns: Vec<usize> = keys.iter().map(|key| key.column).collect();
        let dialect = dialect(conn);
        let mut writer = RowWriter::new(&view.entity, dialect);
        let mut conditions = vec![one_of(&mut writer, &[cursor.id])];
        conditions.extend(passing(&mut writer, view, &[])?);
        let sql = format!(
            "SELECT {} {}{}",
            selected(&writer, &view.shape, view, &columns),
            writer.from(),
            clause(&conditions)
        );
        let texts = rows(conn, Lane::Read, &sql, &writer.into_binds())?;
        let last = texts.first().ok_or_else(gone)?;
        return Ok((row(view, &columns, last)?.cells, cursor.id));
    };
    let cells = keys
        .iter()
        .zip(&stored)
        .map(|(key, text)| Cell::of_stored(text.as_deref(), data_type(key)));
    match cells.collect::<Option<Vec<_>>>() {
        Some(cells) if cells.len() == stored.len() => Ok((cells, cursor.id)),
        _ => Err(gone().into()),
    }
}

fn key_column(view: &View, key: &Key) -> String {
    format!("t.{}", quoted(&view.layout.columns[key.column].name))
}

/// `ORDER BY` these keys. PostgreSQL puts no value after all others by itself, SQLite before them.
fn ordered(
    writer: &RowWriter<'_>,
    view: &View,
    keys: &[Key],
    dialect: formula::sql::Dialect,
) -> String {
    let key = |key: &Key| {
        let way = if key.descending { " DESC" } else { "" };
        let nullable = !view.layout.columns[key.column].not_null;
        let nulls = match (dialect, key.descending) {
            (formula::sql::Dialect::Sqlite, false) if nullable => " NULLS LAST",
            (formula::sql::Dialect::Sqlite, true) if nullable => " NULLS FIRST",
            _ => "",
        };
        format!("{}{way}{nulls}", key_column(view, key))
    };
    let keys = keys.iter().map(key);
    keys.chain([writer.row_id()]).collect::<Vec<_>>().join(", ")
}

/// The condition that a row comes after the one with these keys: greater in the first that differs.
fn beyond(writer: &mut RowWriter<'_>, view: &View, keys: &[Key], cells: &[Cell], id: Id) -> String {
    let (mut open, mut depth) = (String::new(), 0);
    for (key, cell) in keys.iter().zip(cells) {
        let column = key_column(view, key);
        let data_type = view.layout.columns[key.column].data_type;
        let (later, same) = match (cell.is_null(), key.descending) {
            (true, false) => ("1 = 0".to_owned(), format!("{column} IS NULL")),
            (true, true) => (format!("{column} IS NOT NULL"), format!("{column} IS NULL")),
            (false, descending) => {
                let bound = bind_cell(writer, cell, data_type);
                let later = match descending {
                    false => format!("({column} > {bound} OR {column} IS NULL)"),
                    true => format!("{column} < {bound}"),
                };
                let bound = bind_cell(writer, cell, data_type);
                (later, format!("{column} = {bound}"))
            }
        };
        open.push_str(&format!("({later} OR ({same} AND "));
        depth += 1;
    }
    let row = writer.row_id();
    let id = bind_cell(writer, &Cell::Uuid(id.into()), DataType::Uuid);
    format!("{open}{row} > {id}{}", "))".repeat(depth))
}
