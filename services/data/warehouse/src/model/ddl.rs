//! SQL that makes tables of zone 2: types, columns, indexes, partitions.

use super::{
    chunk::{Interval, Span},
    table::{self, Column, TableShape, column_of_t, qualified, quoted},
};
use formula::{DataType, EntityKind};
use sha2::{Digest, Sha256};
use value::Id;

/// What tables of zone 2 are in: the schema on PostgreSQL, the beginning of names on SQLite.
pub(crate) const ZONE: &str = "analytics_data";
/// As many columns as an index of either database has.
pub(crate) const MOST_KEYS: usize = 32;

/// Which database a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A column as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PhysicalColumn {
    pub(crate) name: String,
    /// As the database's catalogue writes it, such as `bigint` or `TEXT`.
    pub(crate) sql_type: String,
    pub(crate) not_null: bool,
}

/// An index as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PhysicalIndex {
    pub(crate) name: String,
    pub(crate) unique: bool,
    pub(crate) columns: Vec<String>,
}

/// What a table is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Physical {
    pub(crate) columns: Vec<PhysicalColumn>,
    pub(crate) indexes: Vec<PhysicalIndex>,
    /// The column that its partitions go by.
    pub(crate) partitioned_by: Option<String>,
}

impl Physical {
    /// What the table of this shape is made of.
    pub(crate) fn of(shape: &TableShape, dialect: Dialect) -> Self {
        let system = table::SYSTEM_COLUMNS.map(|name| PhysicalColumn {
            name: name.to_owned(),
            sql_type: system_type(dialect, name).to_owned(),
            not_null: name != table::SOURCE,
        });
        let own = shape.columns.iter().map(|column| PhysicalColumn {
            name: column.name.clone(),
            sql_type: column_type(dialect, column.data_type).to_owned(),
            not_null: column.not_null,
        });
        let partitioned_by = match dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => shape.chunk_interval.and(shape.time_column()),
        };
        let partitioned_by = partitioned_by.map(|column| column.name.clone());
        Self {
            columns: system.into_iter().chain(own).collect(),
            indexes: indexes(shape, partitioned_by.is_none()),
            partitioned_by,
        }
    }
}

/// A unique index of a partitioned table would have to include the time.
fn indexes(shape: &TableShape, unique_id: bool) -> Vec<PhysicalIndex> {
    let index = |suffix: &str, unique, columns: Vec<String>| PhysicalIndex {
        name: format!("{}_{suffix}", shape.name),
        unique,
        columns,
    };
    let mut all = vec![index("id", unique_id, vec![table::ID.to_owned()])];
    let mut identity = shape.identity();
    if !identity.is_empty() {
        // The order of attributes may change without the index.
        identity.sort_by_key(|column| (column.time, &column.name));
        let names = identity.into_iter().map(|column| column.name.clone());
        all.push(index("key", true, names.collect()));
    }
    if let Some(time) = shape.time_column() {
        let columns = vec![time.name.clone(), table::ID.to_owned()];
        all.push(index("time", false, columns));
    }
    all
}

/// The type of an attribute's column, as the catalogue writes it.
pub(crate) fn column_type(dialect: Dialect, data_type: DataType) -> &'static str {
    let sqlite = dialect == Dialect::Sqlite;
    match data_type {
        DataType::String | DataType::Null if sqlite => "TEXT",
        DataType::String | DataType::Null => "text",
        DataType::Integer => if_else(sqlite, "INTEGER", "bigint"),
        DataType::Decimal { precision, .. } if precision <= 18 => {
            if_else(sqlite, "INTEGER", "bigint")
        }
        DataType::Decimal { .. } => if_else(sqlite, "TEXT", "numeric"),
        DataType::Double => if_else(sqlite, "REAL", "double precision"),
        DataType::Boolean => if_else(sqlite, "INTEGER", "boolean"),
        DataType::Date => if_else(sqlite, "TEXT", "date"),
        DataType::Timestamp => if_else(sqlite, "INTEGER", "timestamp with time zone"),
        DataType::Json => if_else(sqlite, "TEXT", "jsonb"),
        DataType::Uuid => if_else(sqlite, "BLOB", "uuid"),
    }
}

fn if_else(sqlite: bool, a: &'static str, b: &'static str) -> &'static str {
    if sqlite { a } else { b }
}

fn system_type(dialect: Dialect, name: &str) -> &'static str {
    let data_type = match name {
        table::ID => DataType::Uuid,
        table::VERSION => DataType::Integer,
        table::SOURCE => DataType::String,
        _ => DataType::Timestamp,
    };
    column_type(dialect, data_type)
}

/// The name of an entity's table: readable, and yet never that of another entity, tenant or generation.
pub(crate) fn table_name(
    dialect: Dialect,
    tenant: Id,
    entity_id: Id,
    code: &str,
    generation: i32,
) -> String {
    let mut hash = Sha256::new();
    hash.update(tenant.as_bytes());
    hash.update(entity_id.as_bytes());
    hash.update(generation.to_be_bytes());
    let digits: String = hash.finalize()[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // Codes are ASCII.
    let name = format!("{}_{digits}", &code[..code.len().min(40)]);
    match dialect {
        Dialect::Sqlite => format!("{ZONE}_{name}"),
        Dialect::Postgres => name,
    }
}

/// A column's part of CREATE TABLE or ADD COLUMN. Text is compared by code points on both databases.
pub(crate) fn column_sql(dialect: Dialect, column: &PhysicalColumn) -> String {
    let collation = match (dialect, column.sql_type.as_str()) {
        (Dialect::Postgres, "text") => " COLLATE \"C\"",
        _ => "",
    };
    let not_null = if column.not_null { " NOT NULL" } else { "" };
    format!(
        "{} {}{collation}{not_null}",
        quoted(&column.name),
        column.sql_type
    )
}

/// The statements that make a table with its indexes, with columns besides that nobody defined; partitions come after.
pub(crate) fn create(
    shape: &TableShape,
    dialect: Dialect,
    extra: &[PhysicalColumn],
) -> Vec<String> {
    let physical = Physical::of(shape, dialect);
    let columns = physical.columns.iter().chain(extra);
    let columns: Vec<_> = columns.map(|column| column_sql(dialect, column)).collect();
    let tail = match (dialect, &physical.partitioned_by) {
        (Dialect::Sqlite, _) => " STRICT".to_owned(),
        (Dialect::Postgres, Some(column)) => format!(" PARTITION BY RANGE ({})", quoted(column)),
        (Dialect::Postgres, None) => String::new(),
    };
    let table = format!(
        "CREATE TABLE {} ({}){tail}",
        shape.qualified(),
        columns.join(", ")
    );
    let indexes = physical
        .indexes
        .iter()
        .map(|index| create_index(shape, index));
    [table].into_iter().chain(indexes).collect()
}

/// The statement that makes an index.
pub(crate) fn create_index(shape: &TableShape, index: &PhysicalIndex) -> String {
    let columns: Vec<_> = index.columns.iter().map(|name| quoted(name)).collect();
    format!(
        "CREATE {}INDEX {} ON {} ({})",
        if index.unique { "UNIQUE " } else { "" },
        quoted(&index.name),
        shape.qualified(),
        columns.join(", ")
    )
}

/// The statement that removes an index.
pub(crate) fn drop_index(shape: &TableShape, name: &str) -> String {
    format!("DROP INDEX {}", qualified(shape.schema.as_deref(), name))
}

/// The name, as SQL, of something that belongs to a table.
pub(crate) fn qualified_with(shape: &TableShape, suffix: &str) -> String {
    qualified(shape.schema.as_deref(), &format!("{}{suffix}", shape.name))
}

/// The name of the partition of a span.
pub(crate) fn partition_name(shape: &TableShape, span: &Span) -> String {
    format!("{}{}", shape.name, span.suffix())
}

/// The statements that make a partition on PostgreSQL. It is made beside the table and then attached: making it in place would keep
/// readers out until the transaction ends.
pub(crate) fn partition(shape: &TableShape, span: &Span) -> Vec<String> {
    let child = qualified_with(shape, &span.suffix());
    vec![
        format!(
            "CREATE TABLE {child} (LIKE {} INCLUDING ALL)",
            shape.qualified()
        ),
        attach(shape, span),
    ]
}

/// The statement that attaches the partition of a span.
pub(crate) fn attach(shape: &TableShape, span: &Span) -> String {
    let child = qualified_with(shape, &span.suffix());
    let (start, end) = span.days();
    let bound = |day: &str| match shape.time_column().map(|column| column.data_type) {
        Some(DataType::Timestamp) => format!("'{day} 00:00:00+00'"),
        _ => format!("'{day}'"),
    };
    format!(
        "ALTER TABLE {} ATTACH PARTITION {child} FOR VALUES FROM ({}) TO ({})",
        shape.qualified(),
        bound(&start),
        bound(&end)
    )
}

/// How values get into a column of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// As they are.
    Keep,
    /// Times a power of ten.
    Scale(u8),
    /// From a whole number at one scale to decimal text at another, or `numeric`.
    Spell { from: u8, to: u8 },
    /// From decimal text to one of at least this many decimals: texts are compared as they are spelled. `numeric` compares by value.
    Respell(u8),
    /// To a float.
    Real,
    /// From a day to its midnight in UTC.
    Midnight,
}

/// The value of a column of `t`, converted.
pub(crate) fn converted(dialect: Dialect, conversion: Conversion, column: &str) -> String {
    let c = column_of_t(column);
    let sqlite = dialect == Dialect::Sqlite;
    let power = |digits: u8| 10_i64.pow(u32::from(digits.min(18)));
    match conversion {
        Conversion::Keep => c,
        Conversion::Scale(digits) => format!("{c} * {}", power(digits)),
        Conversion::Spell { from: 0, to: 0 } if sqlite => format!("CAST({c} AS TEXT)"),
        Conversion::Spell { from: 0, to } if sqlite => {
            format!("CAST({c} AS TEXT) || '.{}'", "0".repeat(to.into()))
        }
        Conversion::Spell { from: 0, .. } => format!("{c}::numeric"),
        Conversion::Spell { from, to } if sqlite => {
            let power = power(from);
            let more = "0".repeat(to.saturating_sub(from).into());
            format!(
                "iif({c} < 0, '-', '') || (abs({c}) / {power}) || '.' || printf('%0{from}d', abs({c}) % {power}) || '{more}'"
            )
        }
        Conversion::Respell(to) if sqlite && to > 0 => {
            let zeros = "0".repeat(to.into());
            format!(
                "CASE instr({c}, '.') WHEN 0 THEN {c} || '.{zeros}' \
                 ELSE {c} || substr('{zeros}', length({c}) - instr({c}, '.') + 1) END"
            )
        }
        Conversion::Respell(_) => c,
        Conversion::Spell { from, .. } => {
            let zeros = "0".repeat(usize::from(from) - 1);
            format!("{c}::numeric * 0.{zeros}1")
        }
        Conversion::Real if sqlite => format!("CAST({c} AS REAL)"),
        Conversion::Real => format!("{c}::double precision"),
        Conversion::Midnight if sqlite => {
            format!("CAST(strftime('%s', {c}) AS INTEGER) * 1000000")
        }
        Conversion::Midnight => format!("{c}::timestamp AT TIME ZONE 'UTC'"),
    }
}

/// How values of one column get into another of the same table, made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) column: String,
    /// SQL over the old table, `t`.
    pub(crate) value: String,
}

/// The statements that make `new` with the rows of `old`, and remove that. The new table has another name: readers of the old one
/// finish with what they began, or are told that it is gone; they never see an empty table.
pub(crate) fn rebuild(
    old: &TableShape,
    new: &TableShape,
    dialect: Dialect,
    extra: &[PhysicalColumn],
    spans: &[Span],
    copied: Option<&[Copied]>,
) -> Vec<String> {
    let mut script = create(new, dialect, extra);
    if dialect == Dialect::Postgres && new.chunk_interval.is_some() {
        script.extend(spans.iter().flat_map(|span| partition(new, span)));
    }
    if let Some(copied) = copied {
        let system = table::SYSTEM_COLUMNS.iter().map(|name| Copied {
            column: (*name).to_owned(),
            value: column_of_t(name),
        });
        let extra = extra.iter().map(|column| Copied {
            column: column.name.clone(),
            value: column_of_t(&column.name),
        });
        let all: Vec<_> = system.chain(copied.iter().cloned()).chain(extra).collect();
        let columns: Vec<_> = all.iter().map(|copied| quoted(&copied.column)).collect();
        let values: Vec<_> = all.iter().map(|copied| copied.value.as_str()).collect();
        script.push(format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} AS t",
            new.qualified(),
            columns.join(", "),
            values.join(", "),
            old.qualified()
        ));
    }
    script.push(format!("DROP TABLE {}", old.qualified()));
    script
}

/// Whether rows of such an entity are cut in time.
pub(crate) fn interval(kind: EntityKind, columns: &[Column], wanted: Interval) -> Option<Interval> {
    let timed = columns
        .iter()
        .any(|column| column.time && column.dropped_at.is_none());
    (timed && kind != EntityKind::Dimension).then_some(wanted)
}
