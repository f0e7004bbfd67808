//! Small values that several kinds of definitions are made of.

use error::Violations;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::HashSet, time::Duration};

/// A value chain, or one module of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ModuleRef {
    pub(crate) value_chain: String,
    pub(crate) module: String,
}

/// An attribute of an entity, or the entity as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AttributeRef {
    pub(crate) entity: String,
    pub(crate) attribute: String,
}

/// A length of time in whole seconds, written as people do: `1day`, `90s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) u64);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(Duration::from_secs(self.0)))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let span = humantime::parse_duration(&text).map_err(de::Error::custom)?;
        if span.subsec_nanos() != 0 {
            return Err(de::Error::custom("a span of time has whole seconds"));
        }
        Ok(Span(span.as_secs()))
    }
}

/// A decimal, also where a writer of YAML forgot the quotes and it arrives as a number.
pub(crate) mod decimal {
    use super::{Deserialize, Deserializer, de};
    use value::Decimal;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Whole(i64),
        Float(f64),
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Decimal>, D::Error> {
        let text = match Option::<Written>::deserialize(deserializer)? {
            None => return Ok(None),
            Some(Written::Text(text)) => text,
            Some(Written::Whole(number)) => number.to_string(),
            // Fifteen digits survive a float; what has more must be written as text to stay exact.
            Some(Written::Float(number)) if digits(&number.to_string()) > 15 => {
                return Err(de::Error::custom(
                    "a decimal of more than 15 digits is written in quotes",
                ));
            }
            Some(Written::Float(number)) => number.to_string(),
        };
        text.parse().map(Some).map_err(de::Error::custom)
    }

    fn digits(text: &str) -> usize {
        text.bytes().filter(u8::is_ascii_digit).count()
    }
}

/// Reports codes that are missing or stand twice in a list of parts.
pub(crate) fn check_codes<'a>(
    list: &str,
    codes: impl Iterator<Item = &'a str>,
    found: &mut Violations,
) {
    let mut seen = HashSet::new();
    for (index, code) in codes.enumerate() {
        let field = format!("{list}[{index}].code");
        if found.check(!code.is_empty(), &field, "REQUIRED", "it has a code") {
            let new = seen.insert(code);
            found.check(
                new,
                &field,
                "DUPLICATE",
                format!("`{code}` stands twice in `{list}`"),
            );
        }
    }
}

/// Reports a unit that formulas cannot calculate with.
pub(crate) fn check_unit(field: &str, text: &str, found: &mut Violations) {
    found.check(
        text.parse::<formula::Unit>().is_ok(),
        field,
        "INVALID_UNIT",
        format!(
            "`{text}` is no unit: write names joined by `*` and `/`, each perhaps with an exponent, such as `EUR/month^2`"
        ),
    );
}

/// Reports a date that no calendar has, and answers the date otherwise.
pub(crate) fn check_date(
    field: &str,
    text: &str,
    found: &mut Violations,
) -> Option<jiff::civil::Date> {
    if text.is_empty() {
        return None;
    }
    let date = text.parse().ok();
    found.check(
        date.is_some(),
        field,
        "INVALID_DATE",
        format!("`{text}` is no day of the calendar"),
    );
    date
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn spans_survive_being_written(seconds in 0u64..400_000_000) {
            let json = serde_json::to_string(&Span(seconds)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Span>(&json).unwrap(), Span(seconds));
        }
    }

    #[test]
    fn dates_are_of_the_calendar() {
        let mut found = Violations::new();
        assert!(check_date("day", "2026-02-28", &mut found).is_some());
        assert!(check_date("day", "2026-02-30", &mut found).is_none());
        assert_eq!(found.as_slice().len(), 1);
    }

    #[test]
    fn units_are_products_of_names() {
        let mut found = Violations::new();
        for fine in ["", "EUR", "%", "1/day", "kWh*person/day^2"] {
            check_unit("unit", fine, &mut found);
        }
        assert!(found.as_slice().is_empty());
        check_unit("unit", "EUR/", &mut found);
        assert_eq!(found.as_slice()[0].reason, "INVALID_UNIT");
    }

    #[test]
    fn codes_stand_once() {
        let mut found = Violations::new();
        check_codes("parts", ["a", "b", "a", ""].into_iter(), &mut found);
        let fields: Vec<_> = found
            .as_slice()
            .iter()
            .map(|v| (v.field.as_str(), v.reason.as_str()))
            .collect();
        assert_eq!(
            fields,
            [
                ("parts[2].code", "DUPLICATE"),
                ("parts[3].code", "REQUIRED")
            ]
        );
    }
}
