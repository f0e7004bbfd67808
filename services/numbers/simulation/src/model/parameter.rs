//! What can be chosen of a scenario, and reading what was chosen: every fault at once, no value guessed.

use error::Violations;
use std::collections::BTreeMap;

/// Digits after the point that a decimal parameter may have.
const SCALE: u32 = 6;
/// One, as decimals are kept: in millionths.
pub(crate) const ONE: i64 = 1_000_000;

/// Something that can be chosen.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// Name.
    pub(crate) name: &'static str,
    /// What it means, with its unit.
    pub(crate) description: &'static str,
    /// What its values are.
    pub(crate) kind: Kind,
    /// Value where none is chosen.
    pub(crate) default: &'static str,
}

/// What the values of a parameter are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A whole number from the first to the second.
    Integer(i64, i64),
    /// A number of at most six digits after the point, from the first to the second, both in millionths.
    Decimal(i64, i64),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Letters, digits, `-` and `_`, at most so many; or nothing.
    Word(usize),
}

impl Kind {
    /// Its name in the contract.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Integer(..) => "integer",
            Self::Decimal(..) => "decimal",
            Self::OneOf(_) | Self::Word(_) => "text",
        }
    }

    /// Smallest and largest value as text; empty where it has no order.
    pub(crate) fn bounds(self) -> (String, String) {
        match self {
            Self::Integer(least, most) => (least.to_string(), most.to_string()),
            Self::Decimal(least, most) => (decimal_text(least), decimal_text(most)),
            Self::OneOf(_) | Self::Word(_) => Default::default(),
        }
    }

    /// The only values; none where any will do.
    pub(crate) const fn allowed(self) -> &'static [&'static str] {
        match self {
            Self::OneOf(values) => values,
            _ => &[],
        }
    }

    fn read(self, text: &str) -> Result<Choice, (&'static str, String)> {
        let within = |value: i64, least: i64, most: i64| (least..=most).contains(&value);
        let (least, most) = self.bounds();
        let range = || ("RANGE", format!("must be from {least} to {most}"));
        match self {
            Self::Integer(low, high) => {
                let value = text
                    .parse()
                    .map_err(|_| ("TYPE", "must be a whole number".to_owned()))?;
                within(value, low, high)
                    .then_some(Choice::Number(value))
                    .ok_or_else(range)
            }
            Self::Decimal(low, high) => {
                let what = "must be a number with at most 6 digits after the point";
                let value = decimal(text).ok_or_else(|| ("TYPE", what.to_owned()))?;
                within(value, low, high)
                    .then_some(Choice::Number(value))
                    .ok_or_else(range)
            }
            Self::OneOf(values) if values.contains(&text) => Ok(Choice::Text(text.to_owned())),
            Self::OneOf(values) => Err(("IN", format!("must be one of {}", values.join(", ")))),
            Self::Word(most) => {
                let fits = text.len() <= most
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
                let what = || {
                    (
                        "PATTERN",
                        format!("must be at most {most} letters, digits, `-` or `_`"),
                    )
                };
                fits.then(|| Choice::Text(text.to_owned())).ok_or_else(what)
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Choice {
    Number(i64),
    Text(String),
}

/// A value for every parameter of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choices {
    values: BTreeMap<&'static str, Choice>,
    texts: BTreeMap<String, String>,
}

impl Choices {
    /// Reads what was chosen, each fault a violation below `field`; what was not chosen, or wrongly, has its default.
    pub(crate) fn read(
        parameters: &[Parameter],
        given: &BTreeMap<String, String>,
        field: &str,
        found: &mut Violations,
    ) -> Self {
        for name in given.keys() {
            let names: Vec<_> = parameters.iter().map(|parameter| parameter.name).collect();
            let what = || {
                format!(
                    "is no parameter of this scenario; there are {}",
                    names.join(", ")
                )
            };
            if !names.contains(&name.as_str()) {
                found.add(format!("{field}[{name:?}]"), "UNKNOWN_PARAMETER", what());
            }
        }
        let (mut values, mut texts) = (BTreeMap::new(), BTreeMap::new());
        for parameter in parameters {
            let text = given
                .get(parameter.name)
                .map_or(parameter.default, |text| text.trim());
            let choice = parameter.kind.read(text).unwrap_or_else(|(reason, what)| {
                found.add(format!("{field}[{:?}]", parameter.name), reason, what);
                parameter
                    .kind
                    .read(parameter.default)
                    .expect("defaults are values")
            });
            let text = match (&choice, parameter.kind) {
                (Choice::Number(value), Kind::Decimal(..)) => decimal_text(*value),
                (Choice::Number(value), _) => value.to_string(),
                (Choice::Text(text), _) => text.clone(),
            };
            texts.insert(parameter.name.to_owned(), text);
            values.insert(parameter.name, choice);
        }
        Self { values, texts }
    }

    /// All values as text, decimals without needless zeros.
    pub(crate) fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// The value of a whole number, or a decimal's in millionths.
    ///
    /// # Panics
    /// Where the scenario has no such parameter.
    pub(crate) fn number(&self, name: &str) -> i64 {
        match self.values.get(name) {
            Some(Choice::Number(value)) => *value,
            other => panic!("no number {name}: {other:?}"),
        }
    }

    /// A whole number that its bounds keep from being negative.
    pub(crate) fn count(&self, name: &str) -> u64 {
        u64::try_from(self.number(name)).unwrap_or(0)
    }

    /// A decimal as a float.
    pub(crate) fn share(&self, name: &str) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
        let value = self.number(name) as f64;
        value / 1e6
    }

    /// The value of a text.
    ///
    /// # Panics
    /// Where the scenario has no such parameter.
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(Choice::Text(text)) => text,
            other => panic!("no text {name}: {other:?}"),
        }
    }
}

/// A decimal in millionths.
fn decimal(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let part_digits = u32::try_from(part.len())
        .ok()
        .filter(|digits| *digits <= SCALE)?;
    if !plain(whole) || !plain(part) {
        return None;
    }
    let part = part.parse::<i64>().ok()? * 10_i64.pow(SCALE - part_digits);
    let value = whole
        .parse::<i64>()
        .ok()?
        .checked_mul(ONE)?
        .checked_add(part)?;
    Some(if negative { -value } else { value })
}

/// Millionths as a decimal.
fn decimal_text(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let one = ONE.unsigned_abs();
    let (whole, part) = (value.unsigned_abs() / one, value.unsigned_abs() % one);
    let text = format!("{sign}{whole}.{part:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARAMETERS: &[Parameter] = &[
        Parameter {
            name: "count",
            description: "",
            kind: Kind::Integer(1, 10),
            default: "3",
        },
        Parameter {
            name: "rate",
            description: "",
            kind: Kind::Decimal(0, ONE),
            default: "0.05",
        },
        Parameter {
            name: "where",
            description: "",
            kind: Kind::OneOf(&["all", "North"]),
            default: "all",
        },
        Parameter {
            name: "prefix",
            description: "",
            kind: Kind::Word(5),
            default: "",
        },
    ];

    fn read(given: &[(&str, &str)]) -> (Choices, Vec<(String, String)>) {
        let given = given
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let mut found = Violations::new();
        let choices = Choices::read(PARAMETERS, &given.collect(), "run.parameters", &mut found);
        let found = found.as_slice().iter();
        (
            choices,
            found.map(|v| (v.field.clone(), v.reason.clone())).collect(),
        )
    }

    #[test]
    fn what_is_not_chosen_has_its_default() {
        let (choices, found) = read(&[("count", " 7 "), ("rate", "0.500")]);
        assert!(found.is_empty());
        assert_eq!(
            (choices.number("count"), choices.number("rate")),
            (7, 500_000)
        );
        assert_eq!((choices.text("where"), choices.text("prefix")), ("all", ""));
        assert_eq!(choices.texts()["rate"], "0.5");
        assert_eq!(choices.share("rate"), 0.5);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let (_, found) = read(&[
            ("count", "11"),
            ("rate", "1e3"),
            ("where", "nowhere"),
            ("prefix", "a b"),
            ("colour", "red"),
        ]);
        let expected = [
            ("colour", "UNKNOWN_PARAMETER"),
            ("count", "RANGE"),
            ("rate", "TYPE"),
            ("where", "IN"),
            ("prefix", "PATTERN"),
        ];
        let expected =
            expected.map(|(name, reason)| (format!("run.parameters[{name:?}]"), reason.to_owned()));
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn decimals_round_trip(value in -2_000_000_000_000_i64..2_000_000_000_000) {
            prop_assert_eq!(decimal(&decimal_text(value)), Some(value));
        }

        #[test]
        fn no_text_panics(text in ".{0,30}") {
            let _ = decimal(&text);
        }
    }
}
