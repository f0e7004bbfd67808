//! Values, rows and answers.

use crate::model::{
    answer::level,
    definitions::{Planned, Threshold},
    rows::Row,
};
use formula::{Missing, Value};
use proto_numbers::tessera::calculation::v1;

/// How many digits of a value are shown where it has more.
const DIGITS: usize = 34;

/// A value.
pub(crate) fn value(value: &Value) -> v1::Value {
    let mut out = v1::Value::default();
    out.set_exactness(v1::Exactness::Exact);
    match value {
        Value::Null(missing) => {
            out.set_exactness(v1::Exactness::Unspecified);
            out.set_missing(match missing {
                Missing::Absent => v1::MissingReason::NoCase,
                Missing::NoRows => v1::MissingReason::NoRows,
                Missing::DivisionByZero => v1::MissingReason::DivisionByZero,
            });
        }
        Value::Number(exact) => {
            let (text, complete) = exact.significant(DIGITS);
            if !complete {
                out.set_exactness(v1::Exactness::Rounded);
                out.fraction = format!("{}/{}", exact.numerator(), exact.denominator());
            }
            // The text's nearest float is the value's: both sides of a fraction may be too large for one.
            out.number = text.parse().ok();
            out.text = Some(text);
        }
        Value::Real(real) => {
            out.set_exactness(v1::Exactness::Float);
            // A negative zero is a zero.
            let real = real + 0.0;
            out.number = Some(real);
            out.text = Some(match real {
                _ if real.is_nan() => "NaN".to_owned(),
                _ if real.is_infinite() && real > 0.0 => "Infinity".to_owned(),
                _ if real.is_infinite() => "-Infinity".to_owned(),
                _ => real.to_string(),
            });
        }
        other => out.text = Some(other.to_string()),
    }
    out
}

/// A row; `bounds` are those of the periods as text, none where there are no periods.
pub(crate) fn row(row: &Row, bounds: &[String], thresholds: &[Threshold]) -> v1::ResultRow {
    let bound = |at: usize| bounds.get(at).cloned().unwrap_or_default();
    v1::ResultRow {
        dimensions: row
            .dimensions
            .iter()
            .map(|value| v1::DimensionValue {
                value: value.clone(),
            })
            .collect(),
        start: bound(row.period),
        end: if bounds.is_empty() {
            String::new()
        } else {
            bound(row.period + 1)
        },
        value: Some(value(&row.value)),
        level: level(&row.value, thresholds)
            .map_or_else(String::new, |level| level.name().to_owned()),
    }
}

/// The answer around its rows.
pub(crate) fn answer(planned: &Planned) -> v1::CalculateResponse {
    let metric = planned.metric();
    let declared = metric.map_or("", |metric| metric.unit.as_str());
    v1::CalculateResponse {
        metric: planned.code.clone().unwrap_or_default(),
        unit: if declared.is_empty() {
            planned.plan.unit().to_string()
        } else {
            declared.to_owned()
        },
        format: metric.map_or_else(String::new, |metric| metric.format.clone()),
        r#type: planned.plan.data_type().to_string(),
        ..Default::default()
    }
}
