//! What formulas are typed against: entities, their attributes, where their rows are kept, and metrics by code.

use crate::Unit;
use std::{collections::BTreeMap, fmt};

/// What the values of an attribute or of an expression are, and how zone 2 keeps them.
///
/// | type | SQLite (STRICT) | PostgreSQL |
/// |---|---|---|
/// | string | TEXT | text |
/// | integer | INTEGER | bigint |
/// | decimal(p, s), p ≤ 18 | INTEGER, value × 10^s | bigint, value × 10^s |
/// | double | REAL | double precision |
/// | boolean | INTEGER 0 or 1 | boolean |
/// | date | TEXT `YYYY-MM-DD` | date |
/// | timestamp | INTEGER, microseconds since 1970 UTC | timestamptz |
/// | json, uuid | TEXT, BLOB | jsonb, uuid |
///
/// A decimal of more than 18 digits has no exact 64-bit lane; formulas may count it and refuse to calculate with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table above says what they are")]
pub enum DataType {
    String,
    Integer,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Double,
    Boolean,
    Date,
    Timestamp,
    Json,
    Uuid,
    /// Of the literal `null` alone.
    Null,
}

impl DataType {
    /// Whether it is an exact number.
    pub const fn is_exact(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal { .. })
    }

    /// Whether it is a number.
    pub const fn is_number(self) -> bool {
        self.is_exact() || matches!(self, Self::Double)
    }

    /// Whether values have an order.
    pub const fn is_ordered(self) -> bool {
        self.is_number() || matches!(self, Self::String | Self::Date | Self::Timestamp)
    }

    /// Whether rows can be grouped by values: not by floats and documents, nor by decimals that 64 bits do not hold.
    pub const fn groups(self) -> bool {
        match self {
            Self::Json | Self::Double => false,
            Self::Decimal { precision, .. } => precision <= 18,
            _ => true,
        }
    }

    /// Digits after the point.
    pub const fn scale(self) -> u8 {
        match self {
            Self::Decimal { scale, .. } => scale,
            _ => 0,
        }
    }

    /// Digits in total; an integer of 64 bits has 19.
    pub const fn precision(self) -> u8 {
        match self {
            Self::Decimal { precision, .. } => precision,
            _ => 19,
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decimal { precision, scale } => {
                return write!(f, "decimal({precision}, {scale})");
            }
            Self::String => "string",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Json => "json",
            Self::Uuid => "uuid",
            Self::Null => "null",
        })
    }
}

/// One column of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name in formulas.
    pub code: String,
    /// What its values are.
    pub data_type: DataType,
    /// Unit of its values.
    pub unit: Unit,
    /// Whether it is part of the key.
    pub key: bool,
    /// Whether it places rows in time.
    pub time: bool,
    /// Name of its column.
    pub column: String,
}

impl Attribute {
    /// A column named like the attribute, without a unit, neither key nor time.
    pub fn new(code: &str, data_type: DataType) -> Self {
        let (code, column) = (code.to_owned(), code.to_owned());
        Self {
            code,
            data_type,
            unit: Unit::NONE,
            key: false,
            time: false,
            column,
        }
    }
}

/// How the rows of an entity behave in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntityKind {
    /// Things that happened once.
    Event,
    /// The state of things, taken again and again.
    Snapshot,
    /// Things as they are now.
    Dimension,
}

/// A thing that rows are kept about, and the table they are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Name in formulas.
    pub code: String,
    /// How its rows behave in time.
    pub kind: EntityKind,
    /// Its columns.
    pub attributes: Vec<Attribute>,
    /// Schema of its table, where there is one.
    pub schema: Option<String>,
    /// Name of its table.
    pub table: String,
    /// Column with the row's id: uuid on PostgreSQL, BLOB on SQLite; breaks ties of time.
    pub row_id: String,
}

impl Entity {
    /// The attribute of this code.
    pub fn attribute(&self, code: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.code == code)
    }

    /// The attribute that places rows in time.
    pub fn time(&self) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.time)
    }
}

/// The entities that formulas may name.
#[derive(Clone, Debug, Default)]
pub struct Ontology(BTreeMap<String, Entity>);

impl Ontology {
    /// The ontology of these entities; of two with one code the later counts.
    pub fn new(entities: impl IntoIterator<Item = Entity>) -> Self {
        Self(
            entities
                .into_iter()
                .map(|entity| (entity.code.clone(), entity))
                .collect(),
        )
    }

    /// The entity of this code.
    pub fn entity(&self, code: &str) -> Option<&Entity> {
        self.0.get(code)
    }

    /// All codes.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Who the members of the compared sets are, where a formula says `start` and not `start(policy …)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetSpec {
    /// The snapshot entity.
    pub entity: String,
    /// The attribute that tells members apart.
    pub member: String,
    /// Condition for membership; empty is none.
    pub filter: String,
}

/// How a metric is calculated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The formula; of a ratio `numerator / denominator`.
    pub formula: String,
    /// The entity meant where an aggregate names none, as in `count(*)`.
    pub entity: Option<String>,
    /// The sets meant by a bare `start`, `end`, `new`, `retained`, `dropped`.
    pub set: Option<SetSpec>,
}

impl Definition {
    /// A formula that names all it reads.
    pub fn new(formula: &str) -> Self {
        Self {
            formula: formula.to_owned(),
            entity: None,
            set: None,
        }
    }
}

/// Finds metrics that formulas refer to.
pub trait Metrics {
    /// The metric of this code.
    fn metric(&self, code: &str) -> Option<Definition>;

    /// Codes to suggest where one is misspelt.
    fn codes(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Metrics for BTreeMap<String, Definition> {
    fn metric(&self, code: &str) -> Option<Definition> {
        self.get(code).cloned()
    }

    fn codes(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}
