//! A random business: entities of every kind with attributes of every type, and random changes of them.

use super::values::{self, Random};
use formula::{Attribute, DataType, Entity, EntityKind, Ontology, SetSpec};
use rand::Rng;
use serde_json::{Value as Json, json};

/// Names that a careless writer of SQL falls over, among plain ones.
const NAMES: [&str; 24] = [
    "amount",
    "order",
    "select",
    "group",
    "id",
    "tenant",
    "version",
    "created_at",
    "value",
    "end",
    "start",
    "rowid",
    "user",
    "table",
    "a",
    "x1",
    "count",
    "sum",
    "level",
    "t",
    "q",
    "d0",
    "b",
    "note",
];
const ENTITIES: [&str; 5] = ["claim", "policy", "order", "start", "t"];
/// What every entity has, so that a question about several can be grouped and filtered.
pub(crate) const SHARED: &str = "region";

/// One attribute.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) code: String,
    pub(crate) data_type: DataType,
    pub(crate) unit: &'static str,
    pub(crate) nullable: bool,
    pub(crate) key: bool,
    pub(crate) time: bool,
    pub(crate) allowed: Vec<String>,
}

/// One entity; dropped attributes can be brought back, with their values.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) code: String,
    pub(crate) kind: EntityKind,
    pub(crate) columns: Vec<Column>,
    pub(crate) dropped: Vec<Column>,
}

/// A change of an entity.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Add(Column),
    Widen(String, DataType),
    Nullable(String),
    Drop(String),
    Restore(String),
}

fn column(code: &str, data_type: DataType) -> Column {
    Column {
        code: code.to_owned(),
        data_type,
        unit: "",
        nullable: false,
        key: false,
        time: false,
        allowed: Vec::new(),
    }
}

fn any_type(random: &mut Random) -> DataType {
    match random.random_range(0..12) {
        0 | 1 => DataType::String,
        2 | 3 => DataType::Integer,
        4 | 5 => {
            let precision = random.random_range(3..=18);
            let scale = random.random_range(0..=precision.min(6));
            DataType::Decimal { precision, scale }
        }
        6 => DataType::Double,
        7 => DataType::Boolean,
        8 => DataType::Date,
        9 => DataType::Timestamp,
        10 => DataType::Json,
        _ => DataType::Uuid,
    }
}

fn any_column(random: &mut Random, code: &str) -> Column {
    let mut column = column(code, any_type(random));
    column.nullable = random.random_ratio(2, 3);
    if column.data_type.is_exact() && random.random_ratio(1, 6) {
        column.unit = "EUR";
    }
    if column.data_type == DataType::String && random.random_ratio(1, 4) {
        column.allowed = ["Active", "Gone", "Ü '\"", "it's"]
            .map(str::to_owned)
            .to_vec();
    }
    column
}

impl Shape {
    fn any(random: &mut Random, code: &str) -> Self {
        let kind = match random.random_range(0..5) {
            0 | 1 => EntityKind::Event,
            2 | 3 => EntityKind::Snapshot,
            _ => EntityKind::Dimension,
        };
        let mut columns = Vec::new();
        // Events may come without a key: the same thing can happen twice.
        if kind != EntityKind::Event || random.random_ratio(3, 4) {
            let types = [DataType::String, DataType::Integer, DataType::Uuid];
            let mut key = column("key", types[random.random_range(0..3)]);
            key.key = true;
            columns.push(key);
        }
        if kind != EntityKind::Dimension {
            let types = [DataType::Date, DataType::Timestamp];
            let mut at = column("at", types[random.random_range(0..2)]);
            at.time = true;
            at.key = kind == EntityKind::Snapshot;
            columns.push(at);
        }
        let mut shared = column(SHARED, DataType::String);
        shared.nullable = true;
        columns.push(shared);
        let mut number = column("n", DataType::Integer);
        number.nullable = random.random();
        columns.push(number);
        for _ in 0..random.random_range(1..6) {
            let name = NAMES[random.random_range(0..NAMES.len())];
            if columns.iter().all(|one| one.code != name) {
                columns.push(any_column(random, name));
            }
        }
        Self {
            code: code.to_owned(),
            kind,
            columns,
            dropped: Vec::new(),
        }
    }

    pub(crate) fn column(&self, code: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.code == code)
    }

    pub(crate) fn time(&self) -> Option<&Column> {
        self.columns.iter().find(|column| column.time)
    }

    pub(crate) fn keyed(&self) -> bool {
        self.columns.iter().any(|column| column.key)
    }

    /// What tells one row from another: the key, of what happens in time with its time.
    pub(crate) fn identity(&self) -> impl Iterator<Item = &Column> {
        let timed = self.kind != EntityKind::Dimension;
        self.columns
            .iter()
            .filter(move |column| column.key || timed && column.time)
    }

    /// One of the attributes that pass.
    pub(crate) fn pick(
        &self,
        random: &mut Random,
        pass: impl Fn(&Column) -> bool,
    ) -> Option<&Column> {
        let some: Vec<_> = self.columns.iter().filter(|column| pass(column)).collect();
        (!some.is_empty()).then(|| some[random.random_range(0..some.len())])
    }

    /// A change that keeps every value, if one comes to mind.
    pub(crate) fn any_change(&self, random: &mut Random) -> Option<Change> {
        match random.random_range(0..6) {
            0 | 1 => {
                let used = |code: &str| {
                    self.columns
                        .iter()
                        .chain(&self.dropped)
                        .any(|column| column.code == code)
                };
                let code = (0..)
                    .map(|n| format!("added{n}"))
                    .find(|code| !used(code))?;
                let mut column = any_column(random, &code);
                column.nullable = true;
                Some(Change::Add(column))
            }
            2 => {
                let column =
                    self.pick(random, |column| !column.key && column.data_type.is_exact())?;
                let wider = values::wider(column.data_type)?;
                Some(Change::Widen(column.code.clone(), wider))
            }
            3 => {
                let column = self.pick(random, |column| {
                    !column.nullable && !column.key && !column.time
                })?;
                Some(Change::Nullable(column.code.clone()))
            }
            4 => {
                let free = |column: &Column| {
                    column.nullable && !column.key && !column.time && column.code != SHARED
                };
                Some(Change::Drop(self.pick(random, free)?.code.clone()))
            }
            _ => Some(Change::Restore(self.dropped.first()?.code.clone())),
        }
    }

    pub(crate) fn apply(&mut self, change: &Change) {
        let find = |columns: &mut Vec<Column>, code: &str| {
            columns
                .iter()
                .position(|column| column.code == code)
                .expect("it is there")
        };
        match change {
            Change::Add(column) => self.columns.push(column.clone()),
            Change::Widen(code, wider) => {
                let at = find(&mut self.columns, code);
                self.columns[at].data_type = *wider;
            }
            Change::Nullable(code) => {
                let at = find(&mut self.columns, code);
                self.columns[at].nullable = true;
            }
            Change::Drop(code) => {
                let at = find(&mut self.columns, code);
                let column = self.columns.remove(at);
                self.dropped.push(column);
            }
            Change::Restore(code) => {
                let at = find(&mut self.dropped, code);
                let column = self.dropped.remove(at);
                self.columns.push(column);
            }
        }
    }

    /// As metadata's API takes it.
    pub(crate) fn json(&self) -> Json {
        let kind = match self.kind {
            EntityKind::Event => "ENTITY_KIND_EVENT",
            EntityKind::Snapshot => "ENTITY_KIND_SNAPSHOT",
            EntityKind::Dimension => "ENTITY_KIND_DIMENSION",
        };
        json!({ "code": self.code, "name": self.code, "kind": kind, "attributes": self.attributes() })
    }

    pub(crate) fn attributes(&self) -> Vec<Json> {
        let one = |column: &Column| {
            let (name, precision, scale) = match column.data_type {
                DataType::String => ("STRING", 0, 0),
                DataType::Integer => ("INTEGER", 0, 0),
                DataType::Decimal { precision, scale } => ("DECIMAL", precision, scale),
                DataType::Double => ("DOUBLE", 0, 0),
                DataType::Boolean => ("BOOLEAN", 0, 0),
                DataType::Date => ("DATE", 0, 0),
                DataType::Timestamp => ("TIMESTAMP", 0, 0),
                DataType::Json => ("JSON", 0, 0),
                _ => ("UUID", 0, 0),
            };
            json!({
                "code": column.code, "name": column.code, "type": format!("DATA_TYPE_{name}"),
                "precision": precision, "scale": scale, "unit": column.unit, "nullable": column.nullable,
                "primaryKey": column.key, "timeAttribute": column.time, "allowedValues": column.allowed,
            })
        };
        self.columns.iter().map(one).collect()
    }

    fn entity(&self) -> Entity {
        let attribute = |column: &Column| {
            let mut attribute = Attribute::new(&column.code, column.data_type);
            attribute.unit = column.unit.parse().expect("a unit");
            attribute.key = column.key;
            attribute.time = column.time;
            attribute
        };
        Entity {
            code: self.code.clone(),
            kind: self.kind,
            attributes: self.columns.iter().map(attribute).collect(),
            schema: None,
            table: self.code.clone(),
            row_id: "id".to_owned(),
        }
    }
}

/// Some entities.
pub(crate) fn any(random: &mut Random) -> Vec<Shape> {
    let count = random.random_range(1..=5);
    let shape = |code: &&str| Shape::any(random, code);
    ENTITIES[..count].iter().map(shape).collect()
}

/// What formulas are typed against.
pub(crate) fn ontology(shapes: &[Shape]) -> Ontology {
    Ontology::new(shapes.iter().map(Shape::entity))
}

/// Sets of a snapshot entity's members.
pub(crate) fn any_set(random: &mut Random, shapes: &[Shape]) -> Option<SetSpec> {
    let some: Vec<_> = shapes
        .iter()
        .filter(|shape| shape.kind == EntityKind::Snapshot)
        .collect();
    let shape = some.get(random.random_range(0..some.len().max(1)))?;
    let filter = match random.random() {
        true => super::formulas::condition(random, shape, 1),
        false => String::new(),
    };
    Some(SetSpec {
        entity: shape.code.clone(),
        member: "key".to_owned(),
        filter,
    })
}
