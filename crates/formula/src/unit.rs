//! Units and their algebra: products of named units with whole exponents. `EUR/month` is `EUR¹·month⁻¹`; nothing is converted.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// A product of units; without factors it is a bare number. `%` is a unit of its own, so that 12 % and 0.12 do not mix.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit(BTreeMap<String, i32>);

/// The text is no unit: names joined by `*` and `/`, each perhaps with an exponent such as `^2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseUnitError;

impl Unit {
    /// A bare number.
    pub const NONE: Self = Self(BTreeMap::new());

    /// The unit that a text names: its algebra where it is one, else the whole text as the name of a unit of its own.
    pub fn named(text: &str) -> Self {
        text.parse()
            .unwrap_or_else(|_| Self(BTreeMap::from([(text.trim().to_owned(), 1)])))
    }

    /// Whether it is a bare number.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The unit of a product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        self.combine(other, 1)
    }

    /// The unit of a quotient; like units cancel.
    #[must_use]
    pub fn per(&self, other: &Self) -> Self {
        self.combine(other, -1)
    }

    fn combine(&self, other: &Self, sign: i32) -> Self {
        let mut factors = self.0.clone();
        for (name, exponent) in &other.0 {
            let sum = factors.entry(name.clone()).or_default();
            *sum = sum.saturating_add(exponent.saturating_mul(sign));
        }
        factors.retain(|_, exponent| *exponent != 0);
        Self(factors)
    }
}

impl FromStr for Unit {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        let mut unit = Self::NONE;
        if text.trim().is_empty() {
            return Ok(unit);
        }
        let mut sign = 1;
        for part in text.split_inclusive(['*', '/', '·']) {
            let name = part.trim_end_matches(['*', '/', '·']).trim();
            let (name, exponent) = match name.split_once('^') {
                Some((name, exponent)) => (name, exponent.parse().map_err(|_| ParseUnitError)?),
                None => (name, 1_i32),
            };
            if name.is_empty() || !(1..=9).contains(&exponent.abs()) {
                return Err(ParseUnitError);
            }
            if name != "1" {
                let factor = Self(BTreeMap::from([(name.to_owned(), exponent)]));
                unit = unit.combine(&factor, sign);
            }
            sign = if part.ends_with('/') { -1 } else { 1 };
        }
        if text.trim_end().ends_with(['*', '/', '·']) {
            return Err(ParseUnitError);
        }
        Ok(unit)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = |f: &mut fmt::Formatter<'_>, name: &str, exponent: i32| match exponent {
            1 => f.write_str(name),
            _ => write!(f, "{name}^{exponent}"),
        };
        let (over, under): (Vec<_>, Vec<_>) =
            self.0.iter().partition(|(_, exponent)| **exponent > 0);
        for (index, (name, exponent)) in over.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "*" })?;
            write(f, name, **exponent)?;
        }
        f.write_str(if over.is_empty() && !under.is_empty() {
            "1"
        } else {
            ""
        })?;
        under.iter().try_for_each(|(name, exponent)| {
            f.write_str("/")?;
            write(f, name, -**exponent)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_units_cancel_and_text_round_trips() {
        let unit = |text: &str| text.parse::<Unit>().unwrap();
        assert_eq!(unit("EUR/month").times(&unit("month")), unit("EUR"));
        assert!(unit("EUR").per(&unit("EUR")).is_none());
        for text in [
            "",
            "EUR",
            "EUR/month",
            "1/day",
            "EUR^2",
            "kWh*person/day^2",
            "%",
        ] {
            assert_eq!(unit(text).to_string(), text);
        }
        for text in ["EUR/", "^2", "a^x", "a//b"] {
            assert!(text.parse::<Unit>().is_err(), "{text}");
            assert_eq!(Unit::named(text).to_string(), text);
        }
        assert!(Unit::named(" ").is_none());
    }
}
