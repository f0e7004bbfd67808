//! What a table of zone 2 looks like: which entity it is of, where it is, and its columns.

use super::chunk::Interval;
use formula::{DataType, EntityKind, Unit};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use value::{Id, Time};

/// Identifier of a row: uuid, or BLOB of 16 bytes. Codes of attributes begin with a letter, so system columns never meet them.
pub(crate) const ID: &str = "_id";
/// When a row was written first, as [`value::sql::Time`] is kept.
pub(crate) const CREATED: &str = "_created_at";
/// When a row was last changed.
pub(crate) const UPDATED: &str = "_updated_at";
/// Counts the changes of a row, from 1: bigint, INTEGER.
pub(crate) const VERSION: &str = "_version";
/// Who loaded the row, such as `simulation:<run>`; null where it was written one by one. Text.
pub(crate) const SOURCE: &str = "_source";

/// The columns that every table has besides its attributes, in their order.
pub(crate) const SYSTEM_COLUMNS: [&str; 5] = [ID, CREATED, UPDATED, VERSION, SOURCE];

/// Whether a table follows its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum TableState {
    /// It does.
    Current,
    /// The definition changed in a way that the rows cannot follow: they are read, not written.
    Incompatible,
    /// The entity was deleted.
    Orphaned,
    /// Something of it is missing that had rows. Never stored as a state: see [`TableShape::shown_state`].
    Damaged,
}

impl TableState {
    /// How it is stored.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Incompatible => "incompatible",
            Self::Orphaned => "orphaned",
            Self::Damaged => "damaged",
        }
    }

    /// The state that is stored so.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Current, Self::Incompatible, Self::Orphaned]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A column that an attribute has, or had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// Code of the attribute.
    pub(crate) attribute: String,
    /// Name in the database; another than the code where a dropped column has that.
    pub(crate) name: String,
    /// What its values are.
    #[serde(serialize_with = "type_text", deserialize_with = "text_type")]
    pub(crate) data_type: DataType,
    /// Unit of its values.
    #[serde(serialize_with = "unit_text", deserialize_with = "text_unit")]
    pub(crate) unit: Unit,
    /// Whether a new row may lack it.
    pub(crate) nullable: bool,
    /// Whether the database itself refuses a row without it. A required attribute that came later, when there were
    /// rows, is required of new rows by the service alone.
    pub(crate) not_null: bool,
    /// Whether it is part of what tells rows apart.
    pub(crate) key: bool,
    /// Whether it places rows in time.
    pub(crate) time: bool,
    /// The only values it may have; empty where any will do.
    pub(crate) allowed_values: Vec<String>,
    /// When its attribute was dropped from the definition; its values are kept.
    pub(crate) dropped_at: Option<Time>,
}

/// A table of zone 2, as the definition that it last followed says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableShape {
    /// Identifier.
    pub(crate) id: Id,
    /// Whose it is.
    pub(crate) tenant: Id,
    /// Code of the entity.
    pub(crate) entity: String,
    /// Identifier of the entity's definition: one that was deleted and another with the same code are two tables.
    pub(crate) entity_id: Id,
    /// How rows behave in time.
    pub(crate) kind: EntityKind,
    /// Version of the definition that it follows.
    pub(crate) entity_version: i64,
    /// Version of the definition that was last looked at: a later one than it follows where that is incompatible.
    pub(crate) seen_version: i64,
    /// How often the table was made anew for a change that cannot be made in place.
    pub(crate) generation: i32,
    /// Its schema on PostgreSQL.
    pub(crate) schema: Option<String>,
    /// Its name in the database.
    pub(crate) name: String,
    /// Its columns, dropped ones too.
    pub(crate) columns: Vec<Column>,
    /// How rows are cut in time; `None`: there is one chunk.
    pub(crate) chunk_interval: Option<Interval>,
    /// Whether it follows its definition.
    pub(crate) state: TableState,
    /// Why it does not.
    pub(crate) problems: Vec<String>,
    /// What is missing that had rows; then nothing is read or written until it is back, or somebody accepts the loss.
    pub(crate) damage: Vec<String>,
    /// Names this description; rows may change without it.
    pub(crate) version: i64,
    /// How many rows there were when this was read.
    pub(crate) rows: i64,
    /// Version of the rows when this was read: a transaction that reads has the one that it sees.
    pub(crate) data_version: i64,
    /// When it was made.
    pub(crate) created: Time,
    /// When the description was last changed.
    pub(crate) updated: Time,
}

impl TableShape {
    /// The state that callers are told: what is missing goes before what is not followed.
    pub(crate) fn shown_state(&self) -> TableState {
        match self.state {
            TableState::Orphaned => TableState::Orphaned,
            _ if !self.damage.is_empty() => TableState::Damaged,
            state => state,
        }
    }

    /// The columns of attributes that the definition has.
    pub(crate) fn live_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns
            .iter()
            .filter(|column| column.dropped_at.is_none())
    }

    /// The column of an attribute that the definition has.
    pub(crate) fn column(&self, attribute: &str) -> Option<&Column> {
        self.live_columns()
            .find(|column| column.attribute == attribute)
    }

    /// The column that places rows in time.
    pub(crate) fn time_column(&self) -> Option<&Column> {
        self.live_columns().find(|column| column.time)
    }

    /// The columns that tell one row from another: the key, of events and snapshots with the time. None where the entity has no key; then
    /// rows are told apart by their id alone.
    pub(crate) fn identity(&self) -> Vec<&Column> {
        let timed = self.kind != EntityKind::Dimension;
        if !self.live_columns().any(|column| column.key) {
            return Vec::new();
        }
        self.live_columns()
            .filter(|column| column.key || timed && column.time)
            .collect()
    }

    /// The table's name as SQL, with its schema.
    pub(crate) fn qualified(&self) -> String {
        qualified(self.schema.as_deref(), &self.name)
    }

    /// The entity as the metric language reads it; dropped columns are left out.
    pub(crate) fn formula_entity(&self) -> formula::Entity {
        let attributes = self.live_columns().map(|column| formula::Attribute {
            code: column.attribute.clone(),
            data_type: column.data_type,
            unit: column.unit.clone(),
            key: column.key,
            time: column.time,
            column: column.name.clone(),
        });
        formula::Entity {
            code: self.entity.clone(),
            kind: self.kind,
            attributes: attributes.collect(),
            schema: self.schema.clone(),
            table: self.name.clone(),
            row_id: ID.to_owned(),
        }
    }
}

/// A column of the table `t` as SQL. Without the table SQLite takes a quoted name that it does not know for a text.
pub(crate) fn column_of_t(name: &str) -> String {
    format!("t.{}", quoted(name))
}

/// A name as SQL; what is read from a column is [`column_of_t`].
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name in a schema as SQL.
pub(crate) fn qualified(schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(name)),
        None => quoted(name),
    }
}

/// How a kind of entity is stored.
pub(crate) const fn kind_name(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Event => "event",
        EntityKind::Snapshot => "snapshot",
        EntityKind::Dimension => "dimension",
    }
}

/// The kind that is stored so.
pub(crate) fn kind_of_name(name: &str) -> Option<EntityKind> {
    [
        EntityKind::Event,
        EntityKind::Snapshot,
        EntityKind::Dimension,
    ]
    .into_iter()
    .find(|kind| kind_name(*kind) == name)
}

/// Reads a type as `DataType` writes it.
pub(crate) fn parse_type(text: &str) -> Option<DataType> {
    const PLAIN: [DataType; 8] = [
        DataType::String,
        DataType::Integer,
        DataType::Double,
        DataType::Boolean,
        DataType::Date,
        DataType::Timestamp,
        DataType::Json,
        DataType::Uuid,
    ];
    if let Some(plain) = PLAIN.into_iter().find(|plain| plain.to_string() == text) {
        return Some(plain);
    }
    let digits = text.strip_prefix("decimal(")?.strip_suffix(')')?;
    let (precision, scale) = digits.split_once(',')?;
    Some(DataType::Decimal {
        precision: precision.trim().parse().ok()?,
        scale: scale.trim().parse().ok()?,
    })
}

fn type_text<S: Serializer>(data_type: &DataType, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(data_type)
}

fn text_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DataType, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_type(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no type")))
}

fn unit_text<S: Serializer>(unit: &Unit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(unit)
}

fn text_unit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Unit, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|_| de::Error::custom(format!("`{text}` is no unit")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_columns_round_trip() {
        for text in [
            "string",
            "decimal(12, 2)",
            "decimal(38, 38)",
            "uuid",
            "timestamp",
        ] {
            assert_eq!(parse_type(text).unwrap().to_string(), text);
        }
        for text in ["", "null", "decimal(x, 1)", "text"] {
            assert_eq!(parse_type(text), None, "{text}");
        }
        let column = Column {
            attribute: "premium".to_owned(),
            name: "premium_2".to_owned(),
            data_type: DataType::Decimal {
                precision: 12,
                scale: 2,
            },
            unit: "EUR/month".parse().unwrap(),
            nullable: true,
            not_null: false,
            key: false,
            time: false,
            allowed_values: vec!["a".to_owned()],
            dropped_at: Some(Time::EPOCH),
        };
        let text = serde_json::to_string(&column).unwrap();
        assert_eq!(serde_json::from_str::<Column>(&text).unwrap(), column);
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(qualified(Some("a\"b"), "c"), "\"a\"\"b\".\"c\"");
    }
}
