//! Exact decimal numbers, for money and whatever a contract calls a decimal.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul, Neg, Sub};
use std::str::FromStr;

use bigdecimal::BigDecimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Digits allowed on either side of the point in text that comes from outside.
const MAX_DIGITS: i64 = 256;

/// An exact decimal number. `1.0` equals `1.00`; the digits given are the digits shown.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "diesel",
    derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)
)]
#[cfg_attr(feature = "diesel", diesel(sql_type = crate::sql::Decimal))]
pub struct Decimal(pub(crate) BigDecimal);

/// The text is not a decimal number of at most 256 digits on either side of the point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number such as -12.50, with at most 256 digits on either side of the point")]
pub struct ParseDecimalError;

impl Decimal {
    /// The number `digits` × 10^-`scale`.
    pub fn new(digits: i64, scale: u8) -> Self {
        Self(BigDecimal::new(digits.into(), i64::from(scale)))
    }

    /// As a big decimal, for arithmetic that is not offered here.
    pub const fn as_big(&self) -> &BigDecimal {
        &self.0
    }

    /// The nearest float: for charts and scores, never for sums.
    pub fn to_f64(&self) -> f64 {
        // Through text: correctly rounded, and a decimal always parses as a float.
        self.0.to_scientific_notation().parse().unwrap_or(f64::NAN)
    }
}

impl From<BigDecimal> for Decimal {
    fn from(value: BigDecimal) -> Self {
        Self(value)
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self(value.into())
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.len() <= 2 * MAX_DIGITS as usize + 2
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
        if !plain {
            return Err(ParseDecimalError);
        }
        let number = BigDecimal::from_str(text).map_err(|_| ParseDecimalError)?;
        // `1e999999999` is short as text and a gigabyte when written out.
        let (digits, scale) = (number.digits() as i64, number.fractional_digit_count());
        if scale > MAX_DIGITS || digits.saturating_sub(scale) > MAX_DIGITS {
            return Err(ParseDecimalError);
        }
        Ok(Self(number))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Add for Decimal {
    type Output = Self;

    fn add(self, rhs: Self) -> Self {
        Self(self.0 + rhs.0)
    }
}

impl Sub for Decimal {
    type Output = Self;

    fn sub(self, rhs: Self) -> Self {
        Self(self.0 - rhs.0)
    }
}

impl Mul for Decimal {
    type Output = Self;

    fn mul(self, rhs: Self) -> Self {
        Self(self.0 * rhs.0)
    }
}

impl Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Decimal {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), Add::add)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn sums_have_no_float_error() {
        let sum: Decimal = std::iter::repeat_n(dec("0.1"), 10).sum();
        assert_eq!(sum, Decimal::from(1));
        assert_eq!((dec("0.1234") + dec("0.87")).to_string(), "0.9934");
        assert_eq!(dec("1.0"), dec("1.00"));
        assert_eq!(dec("1.00").to_string(), "1.00");
        assert_eq!(Decimal::new(1234, 4).to_string(), "0.1234");
        assert_eq!(dec("0.87").to_f64(), 0.87);
    }

    #[test]
    fn refuses_what_is_no_number_or_would_not_fit() {
        for text in [
            "",
            "x",
            "1,5",
            "NaN",
            "1e999999999",
            "1e-999999999",
            &"9".repeat(300),
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?") {
            let number = dec(&text);
            prop_assert_eq!(dec(&number.to_string()), number);
        }

        #[test]
        fn parsing_never_panics(text in ".{0,40}") {
            let _ = text.parse::<Decimal>().map(|d| d.to_string());
        }
    }
}
