//! Rows by columns, as databases take many of them at once.

use super::{
    row::Layout,
    value::{Cell, decimal_text, is_wide},
};
use formula::DataType;
use value::{Id, Json, Time};

/// Values of one column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
    /// Texts; also decimals that 64 bits do not hold.
    Texts(Vec<Option<String>>),
    /// Whole numbers; also decimals × 10^scale.
    Integers(Vec<Option<i64>>),
    Doubles(Vec<Option<f64>>),
    Booleans(Vec<Option<bool>>),
    /// Days since 1970-01-01.
    Dates(Vec<Option<i32>>),
    Timestamps(Vec<Option<Time>>),
    Jsons(Vec<Option<Json>>),
    Uuids(Vec<Option<Id>>),
}

/// Does the same with the vector of whichever kind.
macro_rules! each {
    ($values:expr, $vec:ident => $body:expr) => {
        match $values {
            Values::Texts($vec) => $body,
            Values::Integers($vec) => $body,
            Values::Doubles($vec) => $body,
            Values::Booleans($vec) => $body,
            Values::Dates($vec) => $body,
            Values::Timestamps($vec) => $body,
            Values::Jsons($vec) => $body,
            Values::Uuids($vec) => $body,
        }
    };
}

/// The same values of other rows, whichever kind they are.
macro_rules! mapped {
    ($values:expr, $vec:ident => $body:expr) => {
        match $values {
            Values::Texts($vec) => Values::Texts($body),
            Values::Integers($vec) => Values::Integers($body),
            Values::Doubles($vec) => Values::Doubles($body),
            Values::Booleans($vec) => Values::Booleans($body),
            Values::Dates($vec) => Values::Dates($body),
            Values::Timestamps($vec) => Values::Timestamps($body),
            Values::Jsons($vec) => Values::Jsons($body),
            Values::Uuids($vec) => Values::Uuids($body),
        }
    };
}

impl Values {
    /// No values yet, of a type.
    pub(crate) fn of_type(data_type: DataType, capacity: usize) -> Self {
        match data_type {
            wide if is_wide(wide) => Self::Texts(Vec::with_capacity(capacity)),
            DataType::Integer | DataType::Decimal { .. } => {
                Self::Integers(Vec::with_capacity(capacity))
            }
            DataType::Double => Self::Doubles(Vec::with_capacity(capacity)),
            DataType::Boolean => Self::Booleans(Vec::with_capacity(capacity)),
            DataType::Date => Self::Dates(Vec::with_capacity(capacity)),
            DataType::Timestamp => Self::Timestamps(Vec::with_capacity(capacity)),
            DataType::Json => Self::Jsons(Vec::with_capacity(capacity)),
            DataType::Uuid => Self::Uuids(Vec::with_capacity(capacity)),
            DataType::String | DataType::Null => Self::Texts(Vec::with_capacity(capacity)),
        }
    }

    /// Adds a cell of the column's type.
    pub(crate) fn push(&mut self, cell: &Cell, data_type: DataType) {
        match (self, cell) {
            (Self::Texts(all), Cell::Text(text)) => all.push(Some(text.clone())),
            (Self::Texts(all), Cell::Decimal(digits)) => {
                all.push(Some(decimal_text(*digits, data_type.scale())));
            }
            (Self::Integers(all), Cell::Integer(n)) => all.push(Some(*n)),
            (Self::Integers(all), Cell::Decimal(digits)) => {
                all.push(Some(i64::try_from(*digits).expect("18 digits fit")));
            }
            (Self::Doubles(all), Cell::Double(number)) => all.push(Some(*number)),
            (Self::Booleans(all), Cell::Boolean(value)) => all.push(Some(*value)),
            (Self::Dates(all), Cell::Date(days)) => all.push(Some(*days)),
            (Self::Timestamps(all), Cell::Timestamp(micros)) => {
                all.push(Some(Time::from_micros(*micros)));
            }
            (Self::Jsons(all), Cell::Json(json)) => all.push(Some(Json(json.clone()))),
            (Self::Uuids(all), Cell::Uuid(uuid)) => all.push(Some(Id::from_uuid(*uuid))),
            (values, cell) => {
                debug_assert!(cell.is_null(), "a cell is of its column's type");
                each!(values, all => all.push(None));
            }
        }
    }

    /// The cell of a row.
    pub(crate) fn cell(&self, row: usize, data_type: DataType) -> Cell {
        let cell = match self {
            Self::Texts(all) if data_type == DataType::String => all[row].clone().map(Cell::Text),
            Self::Texts(all) => all[row]
                .as_deref()
                .and_then(|text| Cell::of_stored(Some(text), data_type)),
            Self::Integers(all) if data_type == DataType::Integer => all[row].map(Cell::Integer),
            Self::Integers(all) => all[row].map(|digits| Cell::Decimal(digits.into())),
            Self::Doubles(all) => all[row].map(Cell::Double),
            Self::Booleans(all) => all[row].map(Cell::Boolean),
            Self::Dates(all) => all[row].map(Cell::Date),
            Self::Timestamps(all) => all[row].map(|time| Cell::Timestamp(time.micros())),
            Self::Jsons(all) => all[row].clone().map(|json| Cell::Json(json.0)),
            Self::Uuids(all) => all[row].map(|id| Cell::Uuid(id.into())),
        };
        cell.unwrap_or(Cell::Null)
    }

    fn pick(&self, rows: &[usize]) -> Self {
        mapped!(self, all => picked(all, rows))
    }

    /// The place in time of a row.
    fn moment(&self, row: usize) -> Option<Time> {
        match self {
            Self::Dates(all) => Cell::Date(all[row]?).moment(),
            Self::Timestamps(all) => all[row],
            _ => None,
        }
    }
}

fn picked<T: Clone>(all: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().map(|row| all[*row].clone()).collect()
}

/// Rows of one table, each with its id and its place in the request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Batch {
    /// Which row of the request each is.
    pub(crate) origins: Vec<usize>,
    /// Their ids.
    pub(crate) ids: Vec<Id>,
    /// The columns that were mentioned, by index in the layout.
    pub(crate) columns: Vec<(usize, Values)>,
}

impl Batch {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Rows with a cell for each column of `columns`, which are of the layout.
    pub(crate) fn of_rows<'a>(
        layout: &Layout,
        columns: &[usize],
        rows: impl ExactSizeIterator<Item = (usize, Id, &'a [Cell])>,
    ) -> Self {
        let count = rows.len();
        let of_type = |index: &usize| {
            let values = Values::of_type(layout.columns[*index].data_type, count);
            (*index, values)
        };
        let mut batch = Self {
            origins: Vec::with_capacity(count),
            ids: Vec::with_capacity(count),
            columns: columns.iter().map(of_type).collect(),
        };
        for (origin, id, cells) in rows {
            batch.origins.push(origin);
            batch.ids.push(id);
            for (index, values) in &mut batch.columns {
                values.push(&cells[*index], layout.columns[*index].data_type);
            }
        }
        batch
    }

    /// Some of the rows.
    pub(crate) fn pick(&self, rows: &[usize]) -> Self {
        Self {
            origins: rows.iter().map(|row| self.origins[*row]).collect(),
            ids: rows.iter().map(|row| self.ids[*row]).collect(),
            columns: self
                .columns
                .iter()
                .map(|(index, values)| (*index, values.pick(rows)))
                .collect(),
        }
    }

    /// The values of a column, where it was mentioned.
    pub(crate) fn values(&self, index: usize) -> Option<&Values> {
        let own = |(column, _): &&(usize, Values)| *column == index;
        self.columns.iter().find(own).map(|(_, values)| values)
    }

    /// The place in time of a row.
    pub(crate) fn moment(&self, layout: &Layout, row: usize) -> Option<Time> {
        self.values(layout.time?)?.moment(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::row::tests::policies;

    #[test]
    fn rows_become_columns_and_come_back() {
        let layout = Layout::of(&policies());
        let rows = [
            [
                Cell::Text("p1".to_owned()),
                Cell::Date(1),
                Cell::Text("Active".to_owned()),
                Cell::Decimal(-150),
                Cell::Null,
            ],
            [
                Cell::Text("p2".to_owned()),
                Cell::Date(-1),
                Cell::Text("Lapsed".to_owned()),
                Cell::Null,
                Cell::Text("x".to_owned()),
            ],
        ];
        let all: Vec<usize> = (0..5).collect();
        let numbered = rows.iter().enumerate();
        let batch = Batch::of_rows(
            &layout,
            &all,
            numbered.map(|(at, cells)| (at + 7, Id::NIL, &cells[..])),
        );
        for (row, cells) in rows.iter().enumerate() {
            for (index, values) in &batch.columns {
                let data_type = layout.columns[*index].data_type;
                assert_eq!(values.cell(row, data_type), cells[*index]);
            }
        }
        let second = batch.pick(&[1]);
        assert_eq!((second.len(), second.origins[0]), (1, 8));
        assert_eq!(
            second.values(0),
            Some(&Values::Texts(vec![Some("p2".to_owned())]))
        );
        assert_eq!(
            second.moment(&layout, 0).unwrap().to_string(),
            "1969-12-31T00:00:00Z"
        );
    }

    #[test]
    fn wide_decimals_are_texts() {
        let wide = DataType::Decimal {
            precision: 30,
            scale: 2,
        };
        let mut values = Values::of_type(wide, 1);
        let cell = Cell::Decimal(-123_456_789_012_345_678_901_234);
        values.push(&cell, wide);
        assert_eq!(
            values,
            Values::Texts(vec![Some("-1234567890123456789012.34".to_owned())])
        );
        assert_eq!(values.cell(0, wide), cell);
    }
}
