//! Changing and deleting rows that are there: by id, by condition, or by source.

use super::{
    change::{Moment, Target, Touched},
    records::{passing, refused},
    statement::{Lane, bind_cell, clause, dialect, execute, in_time, one_of, rows},
    write::{id_of, invalid},
};
use crate::{
    model::{
        row::GivenRow,
        table::{self, quoted},
        value::Cell,
        view::View,
    },
    reasons,
};
use db::{Conn, Failure, etag};
use error::{Error, Violation};
use formula::{
    DataType, Typed,
    sql::{Bind, Dialect, RowWriter},
};
use value::{Id, Time};

/// So many ids stand in one statement.
const PART: usize = 20_000;

/// How many rows of a target there are by day, where they are cut in time.
pub(super) fn counts(
    conn: &mut Conn,
    view: &View,
    target: &Target,
) -> Result<Vec<(Option<Time>, i64)>, Failure> {
    Matching::new(conn, view, "", target)?.counts(conn)
}

/// Gives rows new values; how many there were.
pub(super) fn update(
    conn: &mut Conn,
    view: &View,
    moment: &Moment,
    touched: &mut Touched,
    prefix: &str,
    target: &Target,
    values: &GivenRow,
) -> Result<i64, Failure> {
    let (changes, faults) = view.layout.changes(values);
    let field = |fault: &crate::model::row::Fault| fault.violation(&format!("{prefix}values"));
    let mut violations: Vec<Violation> = faults.iter().map(field).collect();
    if changes.is_empty() && violations.is_empty() {
        let words = "must name the attributes to change";
        violations.push(Violation::new(format!("{prefix}values"), "REQUIRED", words));
    }
    if !violations.is_empty() {
        return Err(Error::invalid(violations).into());
    }
    let rows = Matching::new(conn, view, prefix, target)?;
    let counts = rows.counts(conn)?;
    // Only a change of what the filter looks at can hide a row.
    let filtered = view.visible.as_ref().filter(|visible| {
        let mut looked_at = false;
        visible.columns(&mut |code| {
            looked_at |= changes
                .iter()
                .any(|(index, _)| view.layout.columns[*index].attribute == code);
        });
        looked_at
    });
    let ids = match filtered {
        Some(_) => rows.ids(conn)?,
        None => Vec::new(),
    };
    in_time(moment.end)?;
    let (mut writer, conditions) = rows.conditions(dialect(conn))?;
    let version = quoted(table::VERSION);
    let now = Cell::Timestamp(moment.now.micros());
    let now = bind_cell(&mut writer, &now, DataType::Timestamp);
    let mut assigned = vec![
        format!("{version} = t.{version} + 1"),
        format!("{} = {now}", quoted(table::UPDATED)),
    ];
    for (index, cell) in &changes {
        let column = &view.layout.columns[*index];
        let value = bind_cell(&mut writer, cell, column.data_type);
        assigned.push(format!("{} = {value}", quoted(&column.name)));
    }
    let sql = format!(
        "UPDATE {} AS t SET {}{}",
        writer.table(),
        assigned.join(", "),
        clause(&conditions)
    );
    let count = execute(conn, &sql, &writer.into_binds())?;
    let count = i64::try_from(count).map_err(Error::internal)?;
    if let Some(visible) = filtered {
        refuse_hidden(conn, view, visible, &ids)?;
    }
    for (moment, _) in counts {
        touched.deltas.add(moment, 0);
    }
    touched.updated += count;
    Ok(count)
}

/// Deletes rows; how many there were.
pub(super) fn delete(
    conn: &mut Conn,
    view: &View,
    moment: &Moment,
    touched: &mut Touched,
    prefix: &str,
    target: &Target,
) -> Result<i64, Failure> {
    let rows = Matching::new(conn, view, prefix, target)?;
    let counts = rows.counts(conn)?;
    in_time(moment.end)?;
    let (writer, conditions) = rows.conditions(dialect(conn))?;
    let sql = format!("DELETE {}{}", writer.from(), clause(&conditions));
    let count = execute(conn, &sql, &writer.into_binds())?;
    let count = i64::try_from(count).map_err(Error::internal)?;
    for (moment, rows) in counts {
        touched.deltas.add(moment, -rows);
    }
    touched.deleted += count;
    Ok(count)
}

/// Refuses a change that hid rows from whoever made it.
fn refuse_hidden(conn: &mut Conn, view: &View, visible: &Typed, ids: &[Id]) -> Result<(), Failure> {
    for ids in ids.chunks(PART) {
        let dialect = dialect(conn);
        let mut writer = RowWriter::new(&view.entity, dialect);
        let own = one_of(&mut writer, ids);
        let condition = writer.condition(visible).map_err(refused)?;
        let conditions = [own, format!("({condition}) IS NOT TRUE")];
        let sql = format!(
            "SELECT {} {}{} LIMIT 1",
            writer.text(DataType::Uuid, &writer.row_id()),
            writer.from(),
            clause(&conditions)
        );
        if !rows(conn, Lane::Write, &sql, &writer.into_binds())?.is_empty() {
            let words = "the change would make rows that the row filters of the caller hide";
            return Err(Error::new(&reasons::ROW_FILTER, words).into());
        }
    }
    Ok(())
}

/// The rows of a change, as far as the caller may see them.
struct Matching<'a> {
    view: &'a View,
    target: &'a Target,
    condition: Option<Typed>,
}

impl<'a> Matching<'a> {
    /// The rows of a target; one whose version is named has that version.
    fn new(
        conn: &mut Conn,
        view: &'a View,
        prefix: &str,
        target: &'a Target,
    ) -> Result<Self, Failure> {
        let condition = match target {
            Target::Condition(text) => view
                .conditions()
                .text("where", text)
                .map_err(|violations| invalid(prefix, violations))?,
            Target::Ids(..) | Target::Source(..) => None,
        };
        let matching = Self {
            view,
            target,
            condition,
        };
        if let Target::Ids(ids, Some(expected)) = target {
            let dialect = dialect(conn);
            let (writer, conditions) = matching.conditions(dialect)?;
            let version = format!("t.{}", quoted(table::VERSION));
            let sql = format!(
                "SELECT {} {}{}",
                writer.text(DataType::Integer, &version),
                writer.from(),
                clause(&conditions)
            );
            let found = rows(conn, Lane::Write, &sql, &writer.into_binds())?;
            let version: Option<i64> = found
                .first()
                .and_then(|row| row.first()?.as_deref()?.parse().ok());
            match version {
                Some(version) if version == *expected => {}
                Some(_) => return Err(etag::mismatch().into()),
                None => {
                    let id = ids.first().copied().unwrap_or_default();
                    return Err(Error::not_found("record", id).into());
                }
            }
        }
        Ok(matching)
    }

    /// A writer of a statement over the rows, and the conditions that they pass.
    fn conditions(&self, dialect: Dialect) -> Result<(RowWriter<'a>, Vec<String>), Failure> {
        let mut writer = RowWriter::new(&self.view.entity, dialect);
        let mut conditions = match self.target {
            Target::Ids(ids, _) => vec![one_of(&mut writer, ids)],
            Target::Condition(_) => Vec::new(),
            Target::Source(source, part) => {
                let mut conditions = Vec::new();
                if let (Some((from, to)), Some(column)) = (part, self.view.shape.time_column()) {
                    let name = format!("t.{}", quoted(&column.name));
                    for (moment, than) in [(from, ">="), (to, "<")] {
                        let cell = Cell::at(*moment, column.data_type);
                        let bound = bind_cell(&mut writer, &cell, column.data_type);
                        conditions.push(format!("{name} {than} {bound}"));
                    }
                }
                let source = writer.bind(Bind::Text(source.clone()), "text");
                let (own, version) = (quoted(table::SOURCE), quoted(table::VERSION));
                conditions.push(format!("t.{own} = {source}"));
                conditions.push(format!("t.{version} = 1"));
                conditions
            }
        };
        let typed: Vec<Typed> = self.condition.iter().cloned().collect();
        conditions.extend(passing(&mut writer, self.view, &typed)?);
        Ok((writer, conditions))
    }

    /// How many rows there are by day, where they are cut in time.
    fn counts(&self, conn: &mut Conn) -> Result<Vec<(Option<Time>, i64)>, Failure> {
        let dialect = dialect(conn);
        let (writer, conditions) = self.conditions(dialect)?;
        let time = match self.view.shape.chunk_interval {
            Some(_) => self.view.shape.time_column(),
            None => None,
        };
        let day = time.map(|column| {
            let name = format!("t.{}", quoted(&column.name));
            match (column.data_type, dialect) {
                (DataType::Timestamp, Dialect::Sqlite) => format!(
                    "date(({name} - CASE WHEN {name} < 0 THEN 999999 ELSE 0 END) / 1000000, 'unixepoch')"
                ),
                (DataType::Timestamp, Dialect::Postgres) => {
                    format!("to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD')")
                }
                (data_type, _) => writer.text(data_type, &name),
            }
        });
        let count = writer.text(DataType::Integer, "count(*)");
        let grouped = match &day {
            Some(_) => " GROUP BY 1",
            None => "",
        };
        let sql = format!(
            "SELECT {}, {count} {}{}{grouped}",
            day.as_deref().unwrap_or("NULL"),
            writer.from(),
            clause(&conditions)
        );
        let found = rows(conn, Lane::Write, &sql, &writer.into_binds())?;
        let counts = found.iter().map(|row| {
            let [day, Some(count)] = row.as_slice() else {
                return None;
            };
            let moment = match day {
                Some(day) => Cell::of_stored(Some(day), DataType::Date)?.moment(),
                None => None,
            };
            Some((moment, count.parse().ok()?))
        });
        let counts: Option<Vec<(Option<Time>, i64)>> = counts.collect();
        let counts = counts.ok_or_else(|| Error::internal("a count of rows by day"))?;
        Ok(counts.into_iter().filter(|(_, rows)| *rows > 0).collect())
    }

    /// The ids of the rows.
    fn ids(&self, conn: &mut Conn) -> Result<Vec<Id>, Failure> {
        let dialect = dialect(conn);
        let (writer, conditions) = self.conditions(dialect)?;
        let sql = format!(
            "SELECT {} {}{}",
            writer.text(DataType::Uuid, &writer.row_id()),
            writer.from(),
            clause(&conditions)
        );
        let found = rows(conn, Lane::Write, &sql, &writer.into_binds())?;
        found.iter().map(id_of).collect()
    }
}
