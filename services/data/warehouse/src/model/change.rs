//! What has to be done for a table to follow its definition, and whether it can be done without losing or changing a value.

mod convert;
mod draft;
#[cfg(test)]
mod tests;

use super::{
    chunk::{Interval, Span},
    ddl::{self, Dialect, PhysicalColumn},
    definition::{Attribute, Definition},
    table::{Column, TableShape, TableState},
};
use std::collections::BTreeMap;
use value::{Id, Time};

/// What is done to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    CreateTable,
    AddColumn,
    WidenColumn,
    DropColumn,
    RestoreColumn,
    Index,
    Incompatible,
    Rules,
}

/// One step of bringing a table in line with its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    /// Code of the attribute; empty where the whole table is meant.
    pub(crate) attribute: String,
    pub(crate) description: String,
    pub(crate) sql: Vec<String>,
    /// Why it cannot be made; empty where it can.
    pub(crate) problem: String,
}

/// What the rules ask about the rows there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Smallest and largest value of a column of whole numbers.
    Range(String),
    /// How many values of a column are not among these.
    Outside(String, Vec<String>),
}

/// What is known of the rows there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Whether there are any.
    pub(crate) rows: bool,
    /// By column; `None` where it has no value.
    pub(crate) ranges: BTreeMap<String, Option<(i64, i64)>>,
    /// By column.
    pub(crate) outside: BTreeMap<String, i64>,
    /// Columns that nobody defined; they are carried along.
    pub(crate) extra: Vec<PhysicalColumn>,
    /// Spans of time that rows lie in.
    pub(crate) spans: Vec<Span>,
}

/// What has to be done.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The steps, in order.
    pub(crate) changes: Vec<Change>,
    /// The table afterwards.
    pub(crate) next: TableShape,
    /// The statements, in order.
    pub(crate) script: Vec<String>,
    /// Whether the rows move to a table made anew; on PostgreSQL their spans must be known then.
    pub(crate) moves: bool,
}

impl Plan {
    /// Why it cannot be done; empty where it can.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.changes
            .iter()
            .filter(|change| !change.problem.is_empty())
            .map(|change| match change.attribute.as_str() {
                "" => change.problem.clone(),
                attribute => format!("{attribute}: {}", change.problem),
            })
            .collect()
    }

    /// Whether every step can be made.
    pub(crate) fn is_compatible(&self) -> bool {
        self.changes.iter().all(|change| change.problem.is_empty())
    }

    /// What is done, in words.
    pub(crate) fn words(&self) -> Vec<String> {
        self.changes
            .iter()
            .map(|change| change.description.clone())
            .collect()
    }
}

/// Where a new table goes.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) id: Id,
    pub(crate) tenant: Id,
    pub(crate) schema: Option<String>,
    pub(crate) dialect: Dialect,
    pub(crate) interval: Interval,
    pub(crate) now: Time,
}

/// What has to be done where there is no table yet.
pub(crate) fn plan_new(place: &Place, definition: &Definition) -> Plan {
    let next = new_shape(place, definition, 1);
    let mut change = Change {
        kind: ChangeKind::CreateTable,
        attribute: String::new(),
        description: format!(
            "table `{}` with {} columns is made",
            next.name,
            next.columns.len()
        ),
        sql: ddl::create(&next, place.dialect, &[]),
        problem: String::new(),
    };
    if let Some(problem) = too_many_keys(&next) {
        change.problem = problem;
    }
    Plan {
        script: change.sql.clone(),
        changes: vec![change],
        next,
        moves: false,
    }
}

/// The table of a definition that has no rows to care for.
fn new_shape(place: &Place, definition: &Definition, generation: i32) -> TableShape {
    let columns: Vec<_> = definition.attributes.iter().map(new_column).collect();
    TableShape {
        id: place.id,
        tenant: place.tenant,
        entity: definition.code.clone(),
        entity_id: definition.id,
        kind: definition.kind,
        entity_version: definition.version,
        seen_version: definition.version,
        generation,
        schema: place.schema.clone(),
        name: ddl::table_name(
            place.dialect,
            place.tenant,
            definition.id,
            &definition.code,
            generation,
        ),
        chunk_interval: ddl::interval(definition.kind, &columns, place.interval),
        columns,
        state: TableState::Current,
        problems: Vec::new(),
        damage: Vec::new(),
        version: 1,
        rows: 0,
        data_version: 0,
        created: place.now,
        updated: place.now,
    }
}

fn new_column(attribute: &Attribute) -> Column {
    Column {
        attribute: attribute.code.clone(),
        name: attribute.code.clone(),
        data_type: attribute.data_type,
        unit: attribute.unit.clone(),
        nullable: attribute.nullable,
        not_null: !attribute.nullable,
        key: attribute.key,
        time: attribute.time,
        allowed_values: attribute.allowed_values.clone(),
        dropped_at: None,
    }
}

fn too_many_keys(shape: &TableShape) -> Option<String> {
    let keys = shape.identity().len();
    (keys > ddl::MOST_KEYS).then(|| {
        format!(
            "{keys} attributes tell rows apart, and an index has at most {}",
            ddl::MOST_KEYS
        )
    })
}

/// What has to be known of the rows before [`plan`] can decide.
pub(crate) fn questions(shape: &TableShape, definition: &Definition) -> Vec<Question> {
    let mut questions = Vec::new();
    for attribute in &definition.attributes {
        let own = |column: &&Column| column.attribute == attribute.code;
        for column in shape.columns.iter().filter(own) {
            if convert::asks_range(column.data_type, attribute.data_type) {
                questions.push(Question::Range(column.name.clone()));
            }
            if !convert::includes(&attribute.allowed_values, &column.allowed_values) {
                let values = attribute.allowed_values.clone();
                questions.push(Question::Outside(column.name.clone(), values));
            }
        }
    }
    questions
}

/// What has to be done for a table to follow `definition`.
pub(crate) fn plan(
    shape: &TableShape,
    definition: &Definition,
    facts: &Facts,
    place: &Place,
) -> Plan {
    let plan = draft::Draft::new(shape, facts, place).plan(definition);
    if plan.is_compatible() || facts.rows {
        return plan;
    }
    // No row can be hurt: the table is made anew.
    let mut next = new_shape(place, definition, shape.generation + 1);
    next.version = shape.version;
    next.data_version = shape.data_version;
    next.created = shape.created;
    let script = ddl::rebuild(shape, &next, place.dialect, &facts.extra, &[], None);
    let (refused, mut changes): (Vec<_>, Vec<_>) = plan
        .changes
        .into_iter()
        .partition(|change| change.kind == ChangeKind::Incompatible);
    for change in &mut changes {
        change.sql.clear();
    }
    let reasons: Vec<_> = refused
        .into_iter()
        .map(|change| change.description)
        .collect();
    changes.push(Change {
        kind: ChangeKind::CreateTable,
        attribute: String::new(),
        description: format!(
            "table `{}` takes the place of the empty one: {}",
            next.name,
            reasons.join(", ")
        ),
        sql: script.clone(),
        problem: too_many_keys(&next).unwrap_or_default(),
    });
    Plan {
        changes,
        next,
        script,
        moves: false,
    }
}
