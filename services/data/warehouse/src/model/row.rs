//! Rows: what an entity asks of them, everything that is wrong with one at once, and what tells one from another.

use super::{
    table::{Column, TableShape},
    value::{Cell, Given},
};
use error::Violation;
use formula::EntityKind;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// At most so many bytes of text may tell rows apart: an index entry of PostgreSQL holds some 2,700.
pub(crate) const MAX_KEY_BYTES: usize = 2_000;

/// The attributes of rows, by index.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Code of the entity.
    pub(crate) entity: String,
    /// The columns of the attributes that the definition has, in its order.
    pub(crate) columns: Vec<Column>,
    /// Those that tell rows apart; none where only the id does.
    pub(crate) identity: Vec<usize>,
    /// The one that places rows in time.
    pub(crate) time: Option<usize>,
    /// Whether rows are cut in time by it, so that each span costs.
    placed: bool,
    required: Vec<bool>,
    by_code: HashMap<String, usize>,
}

/// What is wrong with one attribute of a row, or with the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// The attribute; empty where the whole row is meant.
    pub(crate) attribute: String,
    /// The rule in `UPPER_SNAKE`.
    pub(crate) reason: String,
    /// What is wrong and how to put it right.
    pub(crate) description: String,
}

impl Fault {
    pub(crate) fn new(
        attribute: &str,
        reason: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self {
            attribute: attribute.to_owned(),
            reason: reason.into(),
            description: description.into(),
        }
    }

    /// As a violation of the request's field that holds the row.
    pub(crate) fn violation(&self, row: &str) -> Violation {
        let field = match self.attribute.as_str() {
            "" => row.to_owned(),
            attribute => format!("{row}.{attribute}"),
        };
        Violation::new(field, self.reason.clone(), self.description.clone())
    }
}

/// A row as given, before anything is known of its entity: attributes with their values; none is `null`.
pub(crate) type GivenRow = Vec<(String, Option<Given>)>;

/// A row as read: a cell for each column of the layout; none where the attribute was not mentioned.
pub(crate) type Draft = Vec<Option<Cell>>;

impl Layout {
    /// The layout of a table's rows.
    pub(crate) fn of(shape: &TableShape) -> Self {
        let columns: Vec<Column> = shape.live_columns().cloned().collect();
        let by_code: HashMap<String, usize> = columns
            .iter()
            .enumerate()
            .map(|(index, column)| (column.attribute.clone(), index))
            .collect();
        let identity = shape.identity();
        let identity = identity.iter().map(|column| by_code[&column.attribute]);
        let timed = shape.kind != EntityKind::Dimension;
        Self {
            entity: shape.entity.clone(),
            identity: identity.collect(),
            time: columns.iter().position(|column| column.time),
            placed: shape.chunk_interval.is_some(),
            required: columns
                .iter()
                .map(|column| !column.nullable || column.key || column.time && timed)
                .collect(),
            by_code,
            columns,
        }
    }

    /// The column of an attribute.
    pub(crate) fn index(&self, attribute: &str) -> Option<usize> {
        self.by_code.get(attribute).copied()
    }

    /// What to say of an attribute that the entity does not have.
    pub(crate) fn unknown(&self, attribute: &str) -> Fault {
        let shown: String = attribute.chars().take(60).collect();
        let entity = &self.entity;
        Fault::new(
            attribute,
            "UNKNOWN_ATTRIBUTE",
            format!(
                "the entity `{entity}` has no attribute `{}`",
                shown.escape_debug()
            ),
        )
    }

    /// Reads the attributes that are mentioned; `null` is none.
    pub(crate) fn draft(&self, values: &GivenRow) -> (Draft, Vec<Fault>) {
        let mut draft: Draft = vec![None; self.columns.len()];
        let mut faults = Vec::new();
        for (attribute, given) in values {
            let Some(index) = self.index(attribute) else {
                faults.push(self.unknown(attribute));
                continue;
            };
            match self.cell(index, given.as_ref()) {
                Ok(cell) => draft[index] = Some(cell),
                Err(fault) => faults.push(fault),
            }
        }
        (draft, faults)
    }

    fn cell(&self, index: usize, given: Option<&Given>) -> Result<Cell, Fault> {
        let column = &self.columns[index];
        let cell = match given {
            None => Cell::Null,
            Some(given) => Cell::read(given, column.data_type)
                .map_err(|wrong| Fault::new(&column.attribute, wrong.reason, wrong.description))?,
        };
        self.allowed(index, &cell).map(|()| cell)
    }

    /// Whether the attribute may have this value.
    pub(crate) fn allowed(&self, index: usize, cell: &Cell) -> Result<(), Fault> {
        let column = &self.columns[index];
        match cell {
            Cell::Null if self.required[index] => Err(required(column)),
            cell if self.placed && self.time == Some(index) && !in_horizon(cell) => {
                Err(Fault::new(
                    &column.attribute,
                    "OUT_OF_RANGE",
                    "the time of a row is from 1900-01-01 to before 2200-01-01",
                ))
            }
            Cell::Text(text)
                if !column.allowed_values.is_empty() && !column.allowed_values.contains(text) =>
            {
                let some: Vec<_> = column.allowed_values.iter().take(20).cloned().collect();
                let more = if some.len() < column.allowed_values.len() {
                    " …"
                } else {
                    ""
                };
                let description = format!("must be one of {}{more}", some.join(", "));
                Err(Fault::new(&column.attribute, "NOT_ALLOWED", description))
            }
            _ => Ok(()),
        }
    }

    /// What a new row lacks.
    pub(crate) fn missing(&self, draft: &Draft) -> Vec<Fault> {
        let lacking = |index: &usize| self.required[*index] && draft[*index].is_none();
        (0..self.columns.len())
            .filter(lacking)
            .map(|index| required(&self.columns[index]))
            .collect()
    }

    /// What keeps the row from being told from others: a part of the key that is not there, or a key that is too long.
    pub(crate) fn key_faults(&self, draft: &Draft) -> Vec<Fault> {
        let mut faults: Vec<Fault> = self
            .identity
            .iter()
            .filter(|index| draft[**index].is_none())
            .map(|index| required(&self.columns[*index]))
            .collect();
        let bytes = |index: &usize| match &draft[*index] {
            Some(Cell::Text(text)) => text.len(),
            _ => 0,
        };
        if self.identity.iter().map(bytes).sum::<usize>() > MAX_KEY_BYTES {
            let attribute = &self.columns[self.identity[0]].attribute;
            let description =
                format!("the texts of a key have at most {MAX_KEY_BYTES} bytes together");
            faults.push(Fault::new(attribute, "TOO_LONG", description));
        }
        faults
    }

    /// New values for rows that are there: key and time stay as they are.
    pub(crate) fn changes(&self, values: &GivenRow) -> (Vec<(usize, Cell)>, Vec<Fault>) {
        let (draft, mut faults) = self.draft(values);
        let mut changes = Vec::new();
        for (index, cell) in draft.into_iter().enumerate() {
            let Some(cell) = cell else { continue };
            let column = &self.columns[index];
            if column.key || column.time {
                faults.push(Fault::new(
                    &column.attribute,
                    "IMMUTABLE",
                    "key and time of a row cannot be changed: delete it and write another",
                ));
                continue;
            }
            changes.push((index, cell));
        }
        (changes, faults)
    }
}

/// Whether a time is one that rows of a business may have, and not a slip that opens a span of its own.
fn in_horizon(cell: &Cell) -> bool {
    // 1900-01-01 and 2200-01-01, in days from 1970.
    let days = -25_567..84_006;
    match cell {
        Cell::Date(day) => days.contains(&i64::from(*day)),
        Cell::Timestamp(micros) => days.contains(&micros.div_euclid(86_400_000_000)),
        _ => true,
    }
}

fn required(column: &Column) -> Fault {
    Fault::new(&column.attribute, "REQUIRED", "must have a value")
}

/// The cells of a new row; what was not mentioned has no value.
pub(crate) fn completed(draft: Draft) -> Vec<Cell> {
    draft
        .into_iter()
        .map(|cell| cell.unwrap_or(Cell::Null))
        .collect()
}

/// The cells of a row that is there, with what was mentioned changed.
pub(crate) fn merged(existing: &[Cell], draft: &Draft) -> Vec<Cell> {
    existing
        .iter()
        .zip(draft)
        .map(|(old, new)| new.as_ref().unwrap_or(old).clone())
        .collect()
}

#[cfg(test)]
pub(crate) mod tests;
