//! What can be wrong with a table, found by comparing what it should be made of with what it is made of.

use super::{
    chunk::Span,
    ddl::{self, Dialect, Physical, PhysicalColumn, PhysicalIndex},
    table::{TableShape, column_of_t, quoted},
};
use std::collections::BTreeMap;
use value::Time;

/// What is wrong with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DriftKind {
    MissingTable,
    MissingColumn,
    WrongType,
    UnknownColumn,
    MissingIndex,
    BehindDefinition,
    WrongCount,
    WrongNullability,
}

impl DriftKind {
    const NAMES: [(Self, &'static str); 8] = [
        (Self::MissingTable, "missing_table"),
        (Self::MissingColumn, "missing_column"),
        (Self::WrongType, "wrong_type"),
        (Self::UnknownColumn, "unknown_column"),
        (Self::MissingIndex, "missing_index"),
        (Self::BehindDefinition, "behind_definition"),
        (Self::WrongCount, "wrong_count"),
        (Self::WrongNullability, "wrong_nullability"),
    ];

    /// How it is stored.
    pub(crate) fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(kind, _)| *kind == self);
        found.expect("every kind has a name").1
    }

    /// The kind that is stored so.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(kind, _)| *kind)
    }
}

/// Whether a drift was put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) enum DriftState {
    Found,
    Repaired,
    NeedsAttention,
}

impl DriftState {
    const NAMES: [(Self, &'static str); 3] = [
        (Self::Found, "found"),
        (Self::Repaired, "repaired"),
        (Self::NeedsAttention, "needs_attention"),
    ];

    /// How it is stored.
    pub(crate) fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(state, _)| *state == self);
        found.expect("every state has a name").1
    }

    /// The state that is stored so.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(state, _)| *state)
    }
}

/// How something is put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// The table is made again, without its rows.
    CreateTable,
    /// The partition is attached or made.
    OpenPartition(Span),
    /// The column is added again, without its values.
    AddColumn(String),
    /// The index is made again.
    CreateIndex(PhysicalIndex),
    /// The table is made anew with the column's values cast to its type, if they come back from it unchanged.
    Retype(String),
    /// The database requires a value, or does not.
    Require { column: String, required: bool },
    /// Chunks are counted anew.
    Count,
    /// The table follows its definition.
    Follow,
    /// Somebody has to look at it.
    Nothing,
}

/// Something wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) kind: DriftKind,
    /// Code of the attribute; empty where the whole table is meant.
    pub(crate) attribute: String,
    pub(crate) description: String,
    /// What could be done.
    pub(crate) sql: Vec<String>,
    /// What cannot be brought back.
    pub(crate) loss: String,
    pub(crate) repair: Repair,
}

impl Finding {
    /// Whether putting it right would make something again that had rows, without them.
    pub(crate) fn loses_rows(&self) -> bool {
        self.kind == DriftKind::MissingTable && !self.loss.is_empty()
    }
}

/// How a table really is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reality {
    /// What it is made of; `None` where it is gone.
    pub(crate) physical: Option<Physical>,
    /// Chunks of the manifest whose partition is not attached, with the rows they should have; and whether it is gone altogether.
    pub(crate) closed: Vec<(Span, i64, bool)>,
    /// Rows by chunk, as the manifest has them.
    pub(crate) manifest: BTreeMap<Time, i64>,
    /// Rows by chunk, as they are; `None` where nobody counted.
    pub(crate) counts: Option<BTreeMap<Time, i64>>,
}

/// What is wrong with a table, in the order it is put right.
pub(crate) fn find(shape: &TableShape, dialect: Dialect, reality: &Reality) -> Vec<Finding> {
    let rows: i64 = reality.manifest.values().sum();
    let Some(physical) = &reality.physical else {
        return vec![Finding {
            kind: DriftKind::MissingTable,
            attribute: String::new(),
            description: format!("table `{}` is gone", shape.name),
            sql: ddl::create(shape, dialect, &[]),
            loss: lost(rows, "rows of the table"),
            repair: Repair::CreateTable,
        }];
    };
    let expected = Physical::of(shape, dialect);
    let mut found = partitions(shape, reality);
    for column in &expected.columns {
        let real = physical
            .columns
            .iter()
            .find(|real| real.name == column.name);
        match real {
            None => found.push(missing_column(shape, dialect, column, rows)),
            Some(real) => found.extend(differs(shape, dialect, column, real)),
        }
    }
    for column in &physical.columns {
        if !expected
            .columns
            .iter()
            .any(|known| known.name == column.name)
        {
            found.push(unknown_column(shape, column));
        }
    }
    for index in &expected.indexes {
        found.extend(index_finding(shape, index, &physical.indexes));
    }
    found.extend(counted(reality));
    found
}

fn lost(rows: i64, what: &str) -> String {
    match rows {
        0 => String::new(),
        rows => format!("{rows} {what}"),
    }
}

fn partitions(shape: &TableShape, reality: &Reality) -> Vec<Finding> {
    let finding = |(span, rows, gone): &(Span, i64, bool)| {
        let name = ddl::partition_name(shape, span);
        let (word, loss, sql) = match gone {
            true => (
                "gone",
                lost(*rows, "rows of the partition"),
                ddl::partition(shape, span),
            ),
            false => (
                "not part of its table any more",
                String::new(),
                vec![ddl::attach(shape, span)],
            ),
        };
        Finding {
            kind: DriftKind::MissingTable,
            attribute: String::new(),
            description: format!("partition `{name}` is {word}"),
            sql,
            loss,
            repair: Repair::OpenPartition(*span),
        }
    };
    reality.closed.iter().map(finding).collect()
}

/// The attribute of a column, also of a hidden one; empty of the system's own.
fn attribute(shape: &TableShape, name: &str) -> String {
    let column = shape.columns.iter().find(|column| column.name == name);
    column.map_or(String::new(), |column| column.attribute.clone())
}

fn missing_column(
    shape: &TableShape,
    dialect: Dialect,
    column: &PhysicalColumn,
    rows: i64,
) -> Finding {
    let again = PhysicalColumn {
        not_null: column.not_null && rows == 0,
        ..column.clone()
    };
    let attribute = attribute(shape, &column.name);
    let own = !attribute.is_empty();
    Finding {
        kind: DriftKind::MissingColumn,
        attribute,
        description: format!("column `{}` is gone", column.name),
        sql: vec![format!(
            "ALTER TABLE {} ADD COLUMN {}",
            shape.qualified(),
            ddl::column_sql(dialect, &again)
        )],
        loss: lost(rows, &format!("values of `{}`, of all rows", column.name)),
        // Nobody can make up who a row is and when it was written.
        repair: match own || rows == 0 {
            true => Repair::AddColumn(column.name.clone()),
            false => Repair::Nothing,
        },
    }
}

fn differs(
    shape: &TableShape,
    dialect: Dialect,
    column: &PhysicalColumn,
    real: &PhysicalColumn,
) -> Vec<Finding> {
    let (name, table) = (&column.name, shape.qualified());
    let mut found = Vec::new();
    if !column.sql_type.eq_ignore_ascii_case(&real.sql_type) {
        found.push(Finding {
            kind: DriftKind::WrongType,
            attribute: attribute(shape, name),
            description: format!(
                "column `{name}` is of type {}, not {}",
                real.sql_type, column.sql_type
            ),
            sql: vec![format!(
                "-- {table} is made anew with {}",
                cast(dialect, name, &column.sql_type)
            )],
            loss: String::new(),
            repair: Repair::Retype(name.clone()),
        });
    }
    if column.not_null != real.not_null {
        let (word, action) = match column.not_null {
            true => ("may lack", "SET"),
            false => ("must have", "DROP"),
        };
        found.push(Finding {
            kind: DriftKind::WrongNullability,
            attribute: attribute(shape, name),
            description: format!("in the database, rows {word} a value of `{name}`"),
            sql: vec![format!(
                "ALTER TABLE {table} ALTER COLUMN {} {action} NOT NULL",
                quoted(name)
            )],
            loss: String::new(),
            repair: Repair::Require {
                column: name.clone(),
                required: column.not_null,
            },
        });
    }
    found
}

/// The value of a column of `t` as another type.
pub(crate) fn cast(dialect: Dialect, name: &str, sql_type: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("CAST({} AS {sql_type})", column_of_t(name)),
        Dialect::Postgres => format!("{}::{sql_type}", column_of_t(name)),
    }
}

fn unknown_column(shape: &TableShape, column: &PhysicalColumn) -> Finding {
    let required = match column.not_null {
        true => ", and rows must have a value of it",
        false => "",
    };
    Finding {
        kind: DriftKind::UnknownColumn,
        attribute: String::new(),
        description: format!(
            "column `{}` is there that nobody defined{required}",
            column.name
        ),
        sql: vec![format!(
            "ALTER TABLE {} DROP COLUMN {}",
            shape.qualified(),
            quoted(&column.name)
        )],
        loss: String::new(),
        repair: Repair::Nothing,
    }
}

fn index_finding(
    shape: &TableShape,
    index: &PhysicalIndex,
    real: &[PhysicalIndex],
) -> Option<Finding> {
    let same = real.iter().find(|real| real.name == index.name);
    let mut sql = Vec::new();
    let description = match same {
        Some(same) if same == index => return None,
        Some(_) => {
            sql.push(ddl::drop_index(shape, &index.name));
            format!("index `{}` is another than it should be", index.name)
        }
        None => format!("index `{}` is gone", index.name),
    };
    sql.push(ddl::create_index(shape, index));
    Some(Finding {
        kind: DriftKind::MissingIndex,
        attribute: String::new(),
        description,
        sql,
        loss: String::new(),
        repair: Repair::CreateIndex(index.clone()),
    })
}

fn counted(reality: &Reality) -> Option<Finding> {
    let counts = reality.counts.as_ref()?;
    let mut wrong = miscounted(&reality.manifest, counts);
    // What lies in a partition that is not attached has a finding of its own; its count says what was lost.
    let closed = |start: &Time| {
        let mut spans = reality.closed.iter();
        spans.any(|(span, ..)| span.start() == *start)
    };
    wrong.retain(|start, _| !closed(start));
    let (first, (known, real)) = wrong.iter().next()?;
    let more = match wrong.len() {
        1 => String::new(),
        chunks => format!(", and {} more chunks", chunks - 1),
    };
    Some(Finding {
        kind: DriftKind::WrongCount,
        attribute: String::new(),
        description: format!("the chunk from {first} counts {known} rows and has {real}{more}"),
        sql: Vec::new(),
        loss: String::new(),
        repair: Repair::Count,
    })
}

/// Chunks that count other rows than they have.
pub(crate) fn miscounted(
    manifest: &BTreeMap<Time, i64>,
    counts: &BTreeMap<Time, i64>,
) -> BTreeMap<Time, (i64, i64)> {
    let starts = manifest.keys().chain(counts.keys());
    let of = |map: &BTreeMap<Time, i64>, start| map.get(start).copied().unwrap_or(0);
    starts
        .map(|start| (*start, (of(manifest, start), of(counts, start))))
        .filter(|(_, (known, real))| known != real)
        .collect()
}
