//! Columns as they are loaded in bulk: looked through all at once, so that the rows can go to the database as they are.

use super::{
    batch::{Batch, Values},
    row::{Layout, MAX_KEY_BYTES},
    value::{Cell, decimal_text, is_wide},
};
use error::Violation;
use formula::DataType;
use std::collections::HashSet;
use value::{Id, Time};

/// At most so many violations are told.
const MAX_VIOLATIONS: usize = 20;

/// Values of one attribute as given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct GivenColumn {
    pub(crate) attribute: String,
    pub(crate) texts: Vec<String>,
    pub(crate) integers: Vec<i64>,
    pub(crate) doubles: Vec<f64>,
    /// Indexes of rows without a value.
    pub(crate) nulls: Vec<i32>,
}

impl GivenColumn {
    fn len(&self) -> usize {
        self.texts.len() + self.integers.len() + self.doubles.len()
    }
}

/// How many rows the columns have: as many as the first one.
pub(crate) fn rows(columns: &[GivenColumn]) -> usize {
    columns.first().map_or(0, GivenColumn::len)
}

struct Reader<'a> {
    layout: &'a Layout,
    rows: usize,
    violations: Vec<Violation>,
}

impl Reader<'_> {
    fn refuse(&mut self, field: String, reason: &str, description: impl Into<String>) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations
                .push(Violation::new(field, reason, description));
        }
    }
}

/// Reads columns into a batch with these ids. With `whole`, every row has to have all that is required.
pub(crate) fn read(
    layout: &Layout,
    given: &[GivenColumn],
    ids: &[Id],
    whole: bool,
) -> Result<Batch, Vec<Violation>> {
    let mut reader = Reader {
        layout,
        rows: ids.len(),
        violations: Vec::new(),
    };
    let mut columns: Vec<(usize, Values)> = Vec::new();
    for (at, column) in given.iter().enumerate() {
        let field = format!("columns[{at}]");
        let Some(index) = layout.index(&column.attribute) else {
            let fault = layout.unknown(&column.attribute);
            reader.refuse(
                format!("{field}.attribute"),
                &fault.reason,
                fault.description,
            );
            continue;
        };
        if columns.iter().any(|(known, _)| *known == index) {
            let words = "each attribute has one column";
            reader.refuse(format!("{field}.attribute"), "NOT_UNIQUE", words);
            continue;
        }
        if let Some(values) = reader.column(&field, index, column) {
            reader.horizon(&field, index, column, &values);
            columns.push((index, values));
        }
    }
    let mentioned: Vec<Option<Cell>> = (0..layout.columns.len())
        .map(|index| {
            let known = columns.iter().any(|(column, _)| *column == index);
            known.then_some(Cell::Null)
        })
        .collect();
    let lacking = match whole {
        true => layout.missing(&mentioned),
        false => layout.key_faults(&mentioned),
    };
    if reader.violations.is_empty() {
        for fault in lacking {
            let words = format!("`{}` must have a value in each row", fault.attribute);
            reader.refuse("columns".to_owned(), &fault.reason, words);
        }
    }
    let batch = Batch {
        origins: (0..ids.len()).collect(),
        ids: ids.to_vec(),
        columns,
    };
    if reader.violations.is_empty()
        && let Some(row) = long_key(layout, &batch)
    {
        let words =
            format!("the texts of the key of row {row} have more than {MAX_KEY_BYTES} bytes");
        reader.refuse("columns".to_owned(), "TOO_LONG", words);
    }
    if reader.violations.is_empty() {
        Ok(batch)
    } else {
        Err(reader.violations)
    }
}

/// The first row whose key an index would not take.
fn long_key(layout: &Layout, batch: &Batch) -> Option<usize> {
    let texts: Vec<&Vec<Option<String>>> = layout
        .identity
        .iter()
        .filter_map(|index| match batch.values(*index) {
            Some(Values::Texts(texts)) => Some(texts),
            _ => None,
        })
        .collect();
    (0..batch.len()).find(|row| {
        let bytes = texts
            .iter()
            .map(|all| all[*row].as_ref().map_or(0, String::len));
        bytes.sum::<usize>() > MAX_KEY_BYTES
    })
}

impl Reader<'_> {
    /// Looks whether rows lie in the time that rows may have.
    fn horizon(&mut self, field: &str, index: usize, given: &GivenColumn, values: &Values) {
        let layout = self.layout;
        if layout.time != Some(index) {
            return;
        }
        let place = match given.texts.is_empty() {
            true => "integers",
            false => "texts",
        };
        for row in 0..self.rows {
            let cell = values.cell(row, layout.columns[index].data_type);
            // One without a value was told of before.
            if let Some(fault) = Some(&cell)
                .filter(|cell| **cell != Cell::Null)
                .and_then(|cell| layout.allowed(index, cell).err())
            {
                let at = format!("{field}.{place}[{row}]");
                self.refuse(at, &fault.reason, fault.description);
            }
        }
    }

    fn column(&mut self, field: &str, index: usize, given: &GivenColumn) -> Option<Values> {
        let column = &self.layout.columns[index];
        let data_type = column.data_type;
        if given.len() != self.rows {
            let words = format!(
                "all columns have the same number of rows: {}, and not {}",
                self.rows,
                given.len()
            );
            self.refuse(field.to_owned(), "LENGTH", words);
            return None;
        }
        let mut absent = vec![false; self.rows];
        for (at, null) in given.nulls.iter().enumerate() {
            match usize::try_from(*null)
                .ok()
                .and_then(|row| absent.get_mut(row))
            {
                Some(absent) => *absent = true,
                None => self.refuse(
                    format!("{field}.nulls[{at}]"),
                    "OUT_OF_RANGE",
                    "there is no such row",
                ),
            }
        }
        if !given.nulls.is_empty()
            && let Err(fault) = self.layout.allowed(index, &Cell::Null)
        {
            self.refuse(format!("{field}.nulls"), &fault.reason, fault.description);
        }
        let texts = given.texts.len() == self.rows;
        let integers = given.integers.len() == self.rows;
        let doubles = given.doubles.len() == self.rows;
        Some(match data_type {
            DataType::Double if doubles => {
                let mut all = Vec::with_capacity(self.rows);
                for (row, number) in given.doubles.iter().enumerate() {
                    if !absent[row] && !number.is_finite() {
                        let at = format!("{field}.doubles[{row}]");
                        self.refuse(at, "OUT_OF_RANGE", "must be a finite number");
                    }
                    all.push((!absent[row]).then_some(number + 0.0));
                }
                Values::Doubles(all)
            }
            DataType::Integer | DataType::Decimal { .. } | DataType::Date | DataType::Timestamp
                if integers =>
            {
                self.integers(field, data_type, given, &absent)
            }
            DataType::String if texts => self.strings(field, index, given, &absent),
            DataType::Decimal { .. }
            | DataType::Boolean
            | DataType::Date
            | DataType::Timestamp
            | DataType::Json
            | DataType::Uuid
                if texts =>
            {
                let mut values = Values::of_type(data_type, self.rows);
                for (row, text) in given.texts.iter().enumerate() {
                    let cell = match absent[row] {
                        true => Ok(Cell::Null),
                        false => Cell::of_text(text, data_type),
                    };
                    let cell = cell.unwrap_or_else(|wrong| {
                        let at = format!("{field}.texts[{row}]");
                        self.refuse(at, wrong.reason, wrong.description);
                        Cell::Null
                    });
                    values.push(&cell, data_type);
                }
                values
            }
            _ => {
                let place = match data_type {
                    DataType::Integer => "`integers`",
                    DataType::Double => "`doubles`",
                    DataType::Decimal { .. } | DataType::Date | DataType::Timestamp => {
                        "`texts` or in `integers`"
                    }
                    _ => "`texts`",
                };
                let words = format!("values of type {data_type} are given in {place}");
                self.refuse(field.to_owned(), "WRONG_TYPE", words);
                return None;
            }
        })
    }

    fn integers(
        &mut self,
        field: &str,
        data_type: DataType,
        given: &GivenColumn,
        absent: &[bool],
    ) -> Values {
        let days = |time: Time| time.micros().div_euclid(86_400_000_000);
        let (least, most) = match data_type {
            DataType::Decimal { precision, .. } if precision <= 18 => {
                let most = 10_i64.pow(precision.into()) - 1;
                (-most, most)
            }
            DataType::Date => (days(Time::MIN), days(Time::MAX)),
            DataType::Timestamp => (Time::MIN.micros(), Time::MAX.micros()),
            _ => (i64::MIN, i64::MAX),
        };
        for (row, number) in given.integers.iter().enumerate() {
            if !absent[row] && !(least..=most).contains(number) {
                let at = format!("{field}.integers[{row}]");
                let words = format!("must be from {least} to {most}");
                self.refuse(at, "OUT_OF_RANGE", words);
            }
        }
        let kept = given
            .integers
            .iter()
            .zip(absent)
            .map(|(number, absent)| (!absent).then_some(*number));
        match data_type {
            DataType::Decimal { scale, .. } if is_wide(data_type) => Values::Texts(
                kept.map(|digits| digits.map(|digits| decimal_text(digits.into(), scale)))
                    .collect(),
            ),
            DataType::Date => Values::Dates(
                kept.map(|days| days.and_then(|days| i32::try_from(days).ok()))
                    .collect(),
            ),
            DataType::Timestamp => {
                Values::Timestamps(kept.map(|micros| micros.map(Time::from_micros)).collect())
            }
            _ => Values::Integers(kept.collect()),
        }
    }

    fn strings(
        &mut self,
        field: &str,
        index: usize,
        given: &GivenColumn,
        absent: &[bool],
    ) -> Values {
        let allowed = &self.layout.columns[index].allowed_values;
        let allowed: HashSet<&str> = allowed.iter().map(String::as_str).collect();
        for (row, text) in given.texts.iter().enumerate() {
            if absent[row] {
                continue;
            }
            let at = || format!("{field}.texts[{row}]");
            if text.contains('\0') {
                self.refuse(at(), "BAD_FORMAT", "a text has no character of code 0");
            } else if !allowed.is_empty() && !allowed.contains(text.as_str()) {
                let cell = Cell::Text(text.clone());
                let fault = self.layout.allowed(index, &cell);
                let words = fault.map_or_else(|fault| fault.description, |()| String::new());
                self.refuse(at(), "NOT_ALLOWED", words);
            }
        }
        let kept = given.texts.iter().zip(absent);
        Values::Texts(
            kept.map(|(text, absent)| (!absent).then(|| text.clone()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests;
