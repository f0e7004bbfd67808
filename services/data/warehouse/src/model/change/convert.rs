//! Which types and lists of values hold more than which.

use crate::model::ddl::Conversion;
use formula::DataType;

/// Digits that the exact lane of 64 bits holds.
const LANE: u8 = 18;
/// Whole numbers up to here are exact as floats.
const EXACT: i64 = 1 << 53;

/// Whether the values must be looked at to decide.
pub(super) const fn asks_range(from: DataType, to: DataType) -> bool {
    matches!(
        (from, to),
        (
            DataType::Integer,
            DataType::Decimal { .. } | DataType::Double
        )
    )
}

/// Whether a list of allowed values has all of another; an empty one has any value.
pub(super) fn includes(list: &[String], other: &[String]) -> bool {
    list.is_empty() || !other.is_empty() && other.iter().all(|value| list.contains(value))
}

/// How values get from one type to another that holds all of them, given the smallest and the largest.
pub(super) fn conversion(
    from: DataType,
    to: DataType,
    range: Option<(i64, i64)>,
) -> Result<Conversion, String> {
    let narrower = || format!("{to} does not hold every value of {from}");
    match (from, to) {
        (from, to) if from == to => Ok(Conversion::Keep),
        (
            DataType::Decimal { precision, scale },
            DataType::Decimal {
                precision: wide,
                scale: fine,
            },
        ) => {
            if fine < scale || wide.saturating_sub(fine) < precision.saturating_sub(scale) {
                return Err(narrower());
            }
            Ok(match (precision <= LANE, wide <= LANE) {
                (true, true) if fine == scale => Conversion::Keep,
                (true, true) => Conversion::Scale(fine - scale),
                (true, false) => Conversion::Spell {
                    from: scale,
                    to: fine,
                },
                (false, _) if fine == scale => Conversion::Keep,
                (false, _) => Conversion::Respell(fine),
            })
        }
        (DataType::Integer, DataType::Decimal { precision, scale }) => {
            let limit = 10_i128.pow(u32::from(precision.saturating_sub(scale).min(38)));
            let fits = |value: i64| i128::from(value).abs() < limit;
            match range {
                // How large they are is not told: row filters may hide them from who reads this.
                Some((low, high)) if !fits(low) || !fits(high) => {
                    Err(format!("values that are there do not fit {to}"))
                }
                _ if precision > LANE => Ok(Conversion::Spell { from: 0, to: scale }),
                _ if scale == 0 => Ok(Conversion::Keep),
                _ => Ok(Conversion::Scale(scale)),
            }
        }
        (DataType::Integer, DataType::Double) => match range {
            Some((low, high)) if low < -EXACT || high > EXACT => {
                Err("values that are there do not fit a double exactly".to_owned())
            }
            _ => Ok(Conversion::Real),
        },
        (DataType::Date, DataType::Timestamp) => Ok(Conversion::Midnight),
        _ => Err(narrower()),
    }
}
