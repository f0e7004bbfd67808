//! Statements that read whole rows: which columns, which conditions, and what their texts mean.

use super::Row;
use crate::{
    model::{
        table::{CREATED, TableShape, UPDATED, VERSION, quoted},
        value::Cell,
        view::View,
    },
    store::statement::TextRow,
};
use db::Failure;
use error::Error;
use formula::{DataType, Typed, sql::RowWriter};
use value::{Id, Time};

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

/// The attributes of columns, with their types.
pub(super) fn attributes(view: &View, columns: &[usize]) -> Vec<(String, DataType)> {
    let column = |index: &usize| {
        let column = &view.layout.columns[*index];
        (column.attribute.clone(), column.data_type)
    };
    columns.iter().map(column).collect()
}
