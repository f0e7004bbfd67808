//! What becomes of plain values, and what does not.

use super::*;
use proptest::prelude::*;

const MONEY: DataType = DataType::Decimal {
    precision: 12,
    scale: 2,
};

fn text(text: &str) -> Given {
    Given::Text(text.to_owned())
}

fn reason(given: Given, data_type: DataType) -> &'static str {
    Cell::read(&given, data_type).unwrap_err().reason
}

#[test]
fn numbers_are_taken_as_meant_or_refused() {
    let money = |given: Given| Cell::read(&given, MONEY).unwrap();
    assert_eq!(money(Given::Number(12.34)), Cell::Decimal(1234));
    assert_eq!(money(Given::Number(-0.0)), Cell::Decimal(0));
    assert_eq!(
        money(text("-9999999999.99")),
        Cell::Decimal(-999_999_999_999)
    );
    assert_eq!(money(text("007.50000")), Cell::Decimal(750));
    for (given, expected) in [
        (Given::Number(0.1 + 0.2), "INEXACT"),
        (Given::Number(12.345), "TOO_PRECISE"),
        (Given::Number(1e-300), "TOO_PRECISE"),
        (Given::Number(1e10), "OUT_OF_RANGE"),
        (Given::Number(1e300), "OUT_OF_RANGE"),
        (Given::Number(f64::NAN), "OUT_OF_RANGE"),
        (text("1e5"), "BAD_FORMAT"),
        (text("12,50"), "BAD_FORMAT"),
        (text(" 1"), "BAD_FORMAT"),
        (text("1."), "BAD_FORMAT"),
        (text("--1"), "BAD_FORMAT"),
        (text("1; DROP TABLE x"), "BAD_FORMAT"),
        (Given::Boolean(true), "WRONG_TYPE"),
    ] {
        assert_eq!(reason(given.clone(), MONEY), expected, "{given:?}");
    }
    let whole = |given: Given| Cell::read(&given, DataType::Integer);
    assert_eq!(whole(Given::Number(-3.0)), Ok(Cell::Integer(-3)));
    assert_eq!(
        whole(text("9223372036854775807")),
        Ok(Cell::Integer(i64::MAX))
    );
    assert_eq!(
        whole(text("-9223372036854775808")),
        Ok(Cell::Integer(i64::MIN))
    );
    for (given, expected) in [
        (Given::Number(9_007_199_254_740_992.0), "INEXACT"),
        (Given::Number(0.5), "TOO_PRECISE"),
        (text("9223372036854775808"), "OUT_OF_RANGE"),
        (text("0x10"), "BAD_FORMAT"),
        (text(""), "BAD_FORMAT"),
    ] {
        assert_eq!(
            reason(given.clone(), DataType::Integer),
            expected,
            "{given:?}"
        );
    }
    let wide = DataType::Decimal {
        precision: 38,
        scale: 38,
    };
    let tiny = Cell::read(&text("0.00000000000000000000000000000000000001"), wide);
    assert_eq!(tiny, Ok(Cell::Decimal(1)));
    assert_eq!(reason(text("1"), wide), "OUT_OF_RANGE");
}

#[test]
fn doubles_are_finite() {
    let double = |given: Given| Cell::read(&given, DataType::Double);
    assert_eq!(double(text("1.5e3")), Ok(Cell::Double(1500.0)));
    let Ok(Cell::Double(zero)) = double(Given::Number(-0.0)) else {
        panic!("a double")
    };
    assert!(zero.is_sign_positive());
    for bad in ["inf", "nan", "1e999", "", ".5", "1e"] {
        assert!(double(text(bad)).is_err(), "{bad}");
    }
}

#[test]
fn times_and_ids_have_one_spelling() {
    let read = |given: &str, data_type| Cell::read(&text(given), data_type);
    assert_eq!(read("1970-01-02", DataType::Date), Ok(Cell::Date(1)));
    assert_eq!(
        read("1970-01-01T01:00:00.000001+01:00", DataType::Timestamp),
        Ok(Cell::Timestamp(1))
    );
    assert_eq!(
        read("1970-01-01T00:00:00.0000010Z", DataType::Timestamp),
        Ok(Cell::Timestamp(1))
    );
    for (bad, data_type, expected) in [
        ("2026-02-30", DataType::Date, "BAD_FORMAT"),
        ("2026-1-1", DataType::Date, "BAD_FORMAT"),
        ("2026-01-01", DataType::Timestamp, "BAD_FORMAT"),
        (
            "1970-01-01T00:00:00.0000001Z",
            DataType::Timestamp,
            "TOO_PRECISE",
        ),
        (
            "{0190a6e4-7b6c-7c3e-8f3a-2b1d5c9e7f10}",
            DataType::Uuid,
            "BAD_FORMAT",
        ),
        (
            "0190a6e47b6c7c3e8f3a2b1d5c9e7f10",
            DataType::Uuid,
            "BAD_FORMAT",
        ),
        ("a\0b", DataType::String, "BAD_FORMAT"),
        ("true", DataType::Boolean, "WRONG_TYPE"),
    ] {
        assert_eq!(reason(text(bad), data_type), expected, "{bad}");
    }
}

#[test]
fn json_keeps_its_shape() {
    let nested = serde_json::json!({"a": [1, 2.5, null, "x"]});
    let read = Cell::read(&Given::Nested(nested.clone()), DataType::Json).unwrap();
    assert_eq!(read, Cell::Json(nested));
    let whole = Cell::read(&Given::Number(7.0), DataType::Json).unwrap();
    assert_eq!(whole.stored(DataType::Json).as_deref(), Some("7"));
    let bad = serde_json::json!({"a\u{0}": 1});
    assert_eq!(reason(Given::Nested(bad), DataType::Json), "BAD_FORMAT");
    assert_eq!(
        reason(Given::Nested(serde_json::json!([])), DataType::String),
        "WRONG_TYPE"
    );
}

fn typed() -> impl Strategy<Value = (DataType, Cell)> {
    let decimal = (1_u8..=38)
        .prop_flat_map(|precision| (Just(precision), 0..=precision, any::<i128>()))
        .prop_map(|(precision, scale, digits)| {
            let most = 10_i128.checked_pow(precision.into()).unwrap_or(i128::MAX);
            (
                DataType::Decimal { precision, scale },
                Cell::Decimal(digits % most),
            )
        });
    let days = -719_162..2_932_896_i32;
    prop_oneof![
        "[^\0]{0,20}".prop_map(|text| (DataType::String, Cell::Text(text))),
        any::<i64>().prop_map(|n| (DataType::Integer, Cell::Integer(n))),
        decimal,
        any::<f64>()
            .prop_filter("finite", |x| x.is_finite())
            .prop_map(|x| (DataType::Double, Cell::Double(x + 0.0))),
        any::<bool>().prop_map(|x| (DataType::Boolean, Cell::Boolean(x))),
        days.clone().prop_map(|x| (DataType::Date, Cell::Date(x))),
        (days, 0..86_400_000_000_i64).prop_map(|(day, micros)| {
            (
                DataType::Timestamp,
                Cell::Timestamp(i64::from(day) * 86_400_000_000 + micros),
            )
        }),
        any::<u128>().prop_map(|x| (DataType::Uuid, Cell::Uuid(Uuid::from_u128(x)))),
    ]
}

proptest! {
    #[test]
    fn every_value_survives_its_spellings((data_type, cell) in typed()) {
        let stored = cell.stored(data_type);
        prop_assert_eq!(Cell::of_stored(stored.as_deref(), data_type), Some(cell.clone()));
        let plain = cell.clone().plain(data_type);
        let given = match &plain {
            Plain::Boolean(value) => Given::Boolean(*value),
            Plain::Number(number) => Given::Number(*number),
            Plain::Text(shown) => text(shown),
            Plain::Null | Plain::Json(_) => unreachable!("neither is made above"),
        };
        prop_assert_eq!(Cell::read(&given, data_type), Ok(cell));
    }

    /// What a program prints with up to fifteen digits, JSON makes a double of, and we read, is what was printed.
    #[test]
    fn decimals_survive_a_double(digits in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0_u8..=15) {
        let data_type = DataType::Decimal { precision: 38, scale };
        let number: f64 = decimal_text(digits.into(), scale).parse().unwrap();
        prop_assert_eq!(Cell::read(&Given::Number(number), data_type), Ok(Cell::Decimal(digits.into())));
    }

    #[test]
    fn no_text_panics(given in ".{0,40}") {
        for data_type in [DataType::Integer, MONEY, DataType::Double, DataType::Date, DataType::Timestamp, DataType::Uuid, DataType::Json, DataType::Boolean] {
            let _ = Cell::of_text(&given, data_type);
        }
    }
}
