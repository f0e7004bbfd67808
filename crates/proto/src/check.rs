//! Runs the constraints of a contract while a request is decoded, before any handler.

mod codec;
mod rules;

pub use codec::{Checked, CheckedDecoder};
pub use regex::Regex;
pub use rules::{is_email, is_unique, is_uri, is_uuid};
use std::fmt::{Debug, Write};

/// Violations after which a check looks at no further elements of a list or map.
pub const MOST: usize = 100;

/// A message whose `buf.validate` constraints can be checked. Generated for every message.
pub trait Check {
    /// Whether it is the input of some RPC. Only inputs are checked when decoded, so that the answers
    /// of a newer server are never refused.
    const INPUT: bool;

    /// Appends every broken constraint, each with the path of its field.
    fn check(&self, path: &mut Path, out: &mut Vec<Violation>);
}

impl Check for () {
    const INPUT: bool = false;
    fn check(&self, _: &mut Path, _: &mut Vec<Violation>) {}
}

/// A broken constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in the request, in the contract's names: `lines[2].sku`.
    pub field: String,
    /// The rule that is broken: `MIN_LEN`.
    pub rule: &'static str,
    /// What the rule asks for.
    pub description: &'static str,
}

/// Where in the request a check is at work.
#[derive(Debug, Default)]
pub struct Path {
    text: String,
    starts: Vec<usize>,
}

impl Path {
    /// Steps into a message field.
    pub fn push(&mut self, field: &str) {
        self.step(|text| text.push_str(field));
    }

    /// Steps into an element of a list.
    pub fn push_index(&mut self, field: &str, index: usize) {
        self.step(|text| {
            let _ = write!(text, "{field}[{index}]");
        });
    }

    /// Steps into an entry of a map.
    pub fn push_key(&mut self, field: &str, key: impl Debug) {
        self.step(|text| {
            let _ = write!(text, "{field}[{key:?}]");
        });
    }

    /// Steps back out.
    pub fn pop(&mut self) {
        let start = self.starts.pop().expect("every pop has its push");
        self.text.truncate(start);
    }

    /// A violation of a field of the message at hand.
    pub fn at(&self, field: &str, rule: &'static str, description: &'static str) -> Violation {
        Violation {
            field: format!("{}{field}", self.text),
            rule,
            description,
        }
    }

    /// A violation of the element that was stepped into.
    pub fn here(&self, rule: &'static str, description: &'static str) -> Violation {
        Violation {
            field: self.text.trim_end_matches('.').to_owned(),
            rule,
            description,
        }
    }

    fn step(&mut self, write: impl FnOnce(&mut String)) {
        self.starts.push(self.text.len());
        write(&mut self.text);
        self.text.push('.');
    }
}

/// Drops the violations of `field` (from index `from` on) that an update mask leaves out. Without a
/// mask, or with `*`, all stay; the identifier is always judged.
pub fn keep_masked(
    field: &str,
    mask: Option<&prost_types::FieldMask>,
    from: usize,
    out: &mut Vec<Violation>,
) {
    let Some(mask) =
        mask.filter(|mask| !mask.paths.is_empty() && mask.paths.iter().all(|path| path != "*"))
    else {
        return;
    };
    let prefix = format!("{field}.");
    let mut index = 0;
    out.retain(|violation| {
        index += 1;
        if index <= from {
            return true;
        }
        let Some(start) = violation.field.find(&prefix) else {
            return true;
        };
        let inner = &violation.field[start + prefix.len()..];
        inner == "id" || mask.paths.iter().any(|path| touches(path, inner))
    });
}

/// Whether a mask path and a violation's path are the same field, or one lies in the other.
fn touches(mask: &str, violation: &str) -> bool {
    let starts = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    starts(violation, mask) || starts(mask, violation)
}

include!(concat!(env!("OUT_DIR"), "/checks.rs"));

#[cfg(test)]
mod generated_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(fields: &[&str]) -> Vec<Violation> {
        fields
            .iter()
            .map(|field| Violation {
                field: (*field).into(),
                rule: "R",
                description: "",
            })
            .collect()
    }

    #[test]
    fn a_mask_keeps_only_what_it_touches() {
        let mask = prost_types::FieldMask {
            paths: vec!["name".into(), "unit".into()],
        };
        let mut found = violations(&[
            "request_id",
            "entity.name",
            "entity.kind",
            "entity.unit.code",
            "entity.id",
            "entity.names",
        ]);
        keep_masked("entity", Some(&mask), 1, &mut found);
        let left: Vec<_> = found.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(
            left,
            ["request_id", "entity.name", "entity.unit.code", "entity.id"]
        );
    }

    #[test]
    fn without_a_mask_all_is_judged() {
        for mask in [
            None,
            Some(prost_types::FieldMask {
                paths: vec!["*".into()],
            }),
        ] {
            let mut found = violations(&["entity.name", "entity.kind"]);
            keep_masked("entity", mask.as_ref(), 0, &mut found);
            assert_eq!(found.len(), 2);
        }
    }

    #[test]
    fn paths_name_lists_and_maps() {
        let mut path = Path::default();
        path.push("order");
        path.push_index("lines", 2);
        assert_eq!(path.at("sku", "MIN_LEN", "").field, "order.lines[2].sku");
        path.pop();
        path.push_key("labels", "a");
        assert_eq!(path.here("MAX_LEN", "").field, "order.labels[\"a\"]");
    }

    #[test]
    fn generated_checks_reach_the_shared_messages() {
        let found = |value: &str| {
            let mut out = Vec::new();
            let decimal = crate::tessera::r#type::v1::Decimal {
                value: value.into(),
            };
            decimal.check(&mut Path::default(), &mut out);
            out
        };
        assert!(found("-12.340").is_empty());
        assert_eq!(found("1e5")[0].rule, "PATTERN");
        assert_eq!(found("")[0].field, "value");
    }
}
