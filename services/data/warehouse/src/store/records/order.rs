//! The order of rows, and where a page of them goes on: by keys, so that pages stay what they are while others write.

use super::{passing, row, selected};
use crate::{
    model::{
        page::{Cursor, Key},
        table::quoted,
        value::Cell,
        view::View,
    },
    store::statement::{Lane, bind_cell, clause, dialect, one_of, rows},
};
use db::{Conn, Failure};
use error::{Error, reason};
use formula::{
    DataType,
    sql::{Dialect, RowWriter},
};
use value::Id;

/// Where a page goes on: the keys of the row before, from the token or from the row.
pub(super) fn after(
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
pub(super) fn ordered(
    writer: &RowWriter<'_>,
    view: &View,
    keys: &[Key],
    dialect: Dialect,
) -> String {
    let key = |key: &Key| {
        let way = if key.descending { " DESC" } else { "" };
        let nullable = !view.layout.columns[key.column].not_null;
        let nulls = match (dialect, key.descending) {
            (Dialect::Sqlite, false) if nullable => " NULLS LAST",
            (Dialect::Sqlite, true) if nullable => " NULLS FIRST",
            _ => "",
        };
        format!("{}{way}{nulls}", key_column(view, key))
    };
    let keys = keys.iter().map(key);
    keys.chain([writer.row_id()]).collect::<Vec<_>>().join(", ")
}

/// The condition that a row comes after the one with these keys: greater in the first that differs.
pub(super) fn beyond(
    writer: &mut RowWriter<'_>,
    view: &View,
    keys: &[Key],
    cells: &[Cell],
    id: Id,
) -> String {
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
