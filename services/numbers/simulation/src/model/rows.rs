//! Rows of entities, made one at a time and handed on by columns.

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Of a string.
    Text(String),
    /// Of a date (days since 1970), a timestamp (microseconds since 1970) or a decimal (value × 10^scale).
    Integer(i64),
    /// No value.
    Absent,
}

impl From<i32> for Cell {
    fn from(day: i32) -> Self {
        Self::Integer(day.into())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

/// A row: a value for each attribute of its [`Rows`].
pub(crate) type Row = Vec<Cell>;

/// An attribute, and how its values are handed on, whether a batch has any or not.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lane {
    /// As texts.
    Text(&'static str),
    /// As whole numbers.
    Integer(&'static str),
}

/// All rows of an entity, in an order that never changes.
pub(crate) struct Rows {
    /// The attributes.
    pub(crate) attributes: &'static [Lane],
    /// The rows, made when asked for.
    pub(crate) rows: Box<dyn Iterator<Item = Row> + Send>,
}

/// Values of one attribute over the rows of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// The attribute.
    pub(crate) attribute: &'static str,
    /// The values; what stands where there is none is of no account.
    pub(crate) values: Values,
    /// Indexes of rows without a value.
    pub(crate) absent: Vec<i32>,
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// Texts.
    Texts(Vec<String>),
    /// Whole numbers.
    Integers(Vec<i64>),
}

/// Some rows by columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The columns, all of the same length.
    pub(crate) columns: Vec<Column>,
    /// How many rows.
    pub(crate) rows: u32,
}

impl Rows {
    /// The rows in batches of `size`, the last one smaller. The same size gives the same batches.
    pub(crate) fn batches(self, size: u32) -> impl Iterator<Item = Batch> + Send {
        let Self {
            attributes,
            mut rows,
        } = self;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        std::iter::from_fn(move || {
            let some: Vec<Row> = rows.by_ref().take(size).collect();
            (!some.is_empty()).then(|| pack(attributes, some))
        })
    }
}

fn pack(attributes: &'static [Lane], rows: Vec<Row>) -> Batch {
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let mut cells: Vec<Vec<Cell>> = attributes
        .iter()
        .map(|_| Vec::with_capacity(rows.len()))
        .collect();
    for row in rows {
        debug_assert_eq!(row.len(), attributes.len(), "a value for each attribute");
        for (column, cell) in cells.iter_mut().zip(row) {
            column.push(cell);
        }
    }
    let columns = attributes.iter().zip(cells);
    Batch {
        columns: columns.map(|(lane, cells)| column(*lane, cells)).collect(),
        rows: count,
    }
}

fn column(lane: Lane, cells: Vec<Cell>) -> Column {
    let absent = cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| **cell == Cell::Absent);
    let absent = absent
        .filter_map(|(index, _)| i32::try_from(index).ok())
        .collect();
    let (attribute, values) = match lane {
        Lane::Text(attribute) => {
            let text = |cell| match cell {
                Cell::Text(text) => text,
                Cell::Integer(_) | Cell::Absent => String::new(),
            };
            let texts = cells.into_iter().map(text).collect();
            (attribute, Values::Texts(texts))
        }
        Lane::Integer(attribute) => {
            let number = |cell| match cell {
                Cell::Integer(number) => number,
                Cell::Text(_) | Cell::Absent => 0,
            };
            let numbers = cells.into_iter().map(number).collect();
            (attribute, Values::Integers(numbers))
        }
    };
    Column {
        attribute,
        values,
        absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns_in_batches() {
        let row = |n: i64| vec![n.into(), Cell::from((n % 2 == 0).then(|| format!("t{n}")))];
        let rows = Rows {
            attributes: &[Lane::Integer("number"), Lane::Text("text")],
            rows: Box::new((0..5).map(row)),
        };
        let batches: Vec<Batch> = rows.batches(3).collect();
        assert_eq!(
            batches.iter().map(|batch| batch.rows).collect::<Vec<_>>(),
            [3, 2]
        );
        assert_eq!(
            batches[0].columns[0].values,
            Values::Integers(vec![0, 1, 2])
        );
        let text = &batches[0].columns[1];
        assert_eq!(text.absent, [1]);
        assert_eq!(
            text.values,
            Values::Texts(vec!["t0".into(), String::new(), "t2".into()])
        );
        assert_eq!(batches[1].columns[1].absent, [0]);
    }
}
