//! Places in time as requests write them, and the order of cells.

use super::value::Cell;
use error::Violation;
use formula::{DataType, Entity, calendar, sql::Moment};
use std::cmp::Ordering;

/// Reads a moment of the entity's time.
pub(crate) fn moment(entity: &Entity, field: &str, text: &str) -> Result<Moment, Violation> {
    let Some(time) = entity.time() else {
        let words = format!("the rows of `{}` have no time", entity.code);
        return Err(Violation::new(field, "NO_TIME", words));
    };
    match Cell::of_text(text, time.data_type) {
        Ok(Cell::Date(days)) => Ok(Moment::Date(days)),
        Ok(Cell::Timestamp(micros)) => Ok(Moment::Timestamp(micros)),
        Ok(_) => Err(Violation::new(field, "NO_TIME", "is no moment")),
        Err(wrong) => Err(Violation::new(field, wrong.reason, wrong.description)),
    }
}

/// Reads the bounds of sub-periods: none, or two and more that ascend.
pub(crate) fn bounds(
    entity: &Entity,
    field: &str,
    texts: &[String],
) -> Result<Vec<Moment>, Vec<Violation>> {
    let (mut moments, mut violations) = (Vec::with_capacity(texts.len()), Vec::new());
    for (at, text) in texts.iter().enumerate() {
        let field = format!("{field}[{at}]");
        match moment(entity, &field, text) {
            Ok(moment) => {
                if moments.last().is_some_and(|last| *last >= moment) {
                    violations.push(Violation::new(field, "ASCENDING", "bounds ascend"));
                }
                moments.push(moment);
            }
            Err(violation) => violations.push(violation),
        }
        // One wrong kind of text is told, not ten thousand.
        if violations.len() >= 20 {
            break;
        }
    }
    if texts.len() == 1 {
        violations.push(Violation::new(
            field,
            "MIN_ITEMS",
            "bounds are two or more, or none",
        ));
    }
    if violations.is_empty() {
        Ok(moments)
    } else {
        Err(violations)
    }
}

/// A moment as requests write it.
pub(crate) fn moment_text(moment: Moment) -> String {
    match moment {
        Moment::Date(days) => calendar::date_text(days),
        Moment::Timestamp(micros) => calendar::timestamp_text(micros),
    }
}

/// A moment as a cell, with its type.
pub(crate) const fn moment_cell(moment: Moment) -> (Cell, DataType) {
    match moment {
        Moment::Date(days) => (Cell::Date(days), DataType::Date),
        Moment::Timestamp(micros) => (Cell::Timestamp(micros), DataType::Timestamp),
    }
}

/// The value of a group as a cell: as `formula` displays values, and UUIDs in digits alone.
pub(crate) fn group_cell(text: Option<&str>, data_type: DataType) -> Option<Cell> {
    match (text, data_type) {
        (None, _) => Some(Cell::Null),
        (Some(_), DataType::Uuid | DataType::String) => Cell::of_stored(text, data_type),
        (Some(text), _) => Cell::of_text(text, data_type).ok(),
    }
}

/// The order of two cells of one type; no value comes after every value.
pub(crate) fn compare(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Cell::Null, Cell::Null) => Ordering::Equal,
        (Cell::Null, _) => Ordering::Greater,
        (_, Cell::Null) => Ordering::Less,
        (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
        (Cell::Integer(a), Cell::Integer(b)) => a.cmp(b),
        (Cell::Decimal(a), Cell::Decimal(b)) => a.cmp(b),
        (Cell::Double(a), Cell::Double(b)) => a.total_cmp(b),
        (Cell::Boolean(a), Cell::Boolean(b)) => a.cmp(b),
        (Cell::Date(a), Cell::Date(b)) => a.cmp(b),
        (Cell::Timestamp(a), Cell::Timestamp(b)) => a.cmp(b),
        (Cell::Uuid(a), Cell::Uuid(b)) => a.cmp(b),
        // JSON has no order, and cells of one attribute one type.
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::row::tests::policies;

    #[test]
    fn bounds_ascend_and_are_of_the_entitys_time() {
        let entity = policies().formula_entity();
        let read = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            bounds(&entity, "bounds", &texts)
                .map(|moments| moments.into_iter().map(moment_text).collect::<Vec<_>>())
                .map_err(|found| {
                    found
                        .into_iter()
                        .map(|v| (v.field, v.reason))
                        .collect::<Vec<_>>()
                })
        };
        let texts = ["2026-01-01", "2026-02-01"];
        assert_eq!(read(&texts).unwrap(), texts);
        assert_eq!(read(&[]).unwrap(), Vec::<String>::new());
        let wrong = |field: &str, reason: &str| vec![(field.to_owned(), reason.to_owned())];
        assert_eq!(
            read(&["2026-02-01", "2026-02-01"]),
            Err(wrong("bounds[1]", "ASCENDING"))
        );
        assert_eq!(read(&["2026-02-01"]), Err(wrong("bounds", "MIN_ITEMS")));
        assert_eq!(
            read(&["2026-02-01", "2026-02-02T00:00:00Z"]),
            Err(wrong("bounds[1]", "BAD_FORMAT"))
        );
        let mut timeless = entity.clone();
        timeless.attributes.retain(|attribute| !attribute.time);
        let found = bounds(&timeless, "bounds", &texts.map(str::to_owned)).unwrap_err();
        assert_eq!(found[0].reason, "NO_TIME");
    }

    #[test]
    fn groups_are_in_the_order_of_their_values() {
        let read = |text: Option<&str>| group_cell(text, DataType::Integer).unwrap();
        let mut cells = [
            read(Some("10")),
            read(None),
            read(Some("9")),
            read(Some("-1")),
        ];
        cells.sort_by(compare);
        assert_eq!(
            cells,
            [
                Cell::Integer(-1),
                Cell::Integer(9),
                Cell::Integer(10),
                Cell::Null
            ]
        );
    }
}
