//! Field violations: what is wrong with a request, collected before anything is refused.

use crate::{Error, Result};

/// One field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path from the request's root, such as `entity.attributes[2].name`.
    pub field: String,
    /// The rule in `UPPER_SNAKE`, such as `MIN_LEN`.
    pub reason: String,
    /// What the field should be, for people.
    pub description: String,
}

impl Violation {
    /// A violation of the rule `reason` at `field`.
    pub fn new(
        field: impl Into<String>,
        reason: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
            description: description.into(),
        }
    }
}

/// Collects violations, so that a caller reads all of them in one answer.
#[derive(Debug, Default)]
#[must_use = "violations are reported by `finish`"]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// An empty collector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a violation.
    pub fn add(
        &mut self,
        field: impl Into<String>,
        reason: impl Into<String>,
        description: impl Into<String>,
    ) {
        self.0.push(Violation::new(field, reason, description));
    }

    /// Adds a violation unless `holds`; answers `holds`.
    pub fn check(
        &mut self,
        holds: bool,
        field: impl Into<String>,
        reason: impl Into<String>,
        description: impl Into<String>,
    ) -> bool {
        if !holds {
            self.add(field, reason, description);
        }
        holds
    }

    /// Takes the value of a parse at `field`; its failure becomes a violation there and `None` here.
    ///
    /// Violations of nested values keep their own paths below `field`.
    pub fn take<T>(&mut self, field: &str, parsed: Result<T>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(error) if error.violations().is_empty() => {
                self.add(field, error.reason(), error.message());
                None
            }
            Err(mut error) => {
                for mut violation in std::mem::take(&mut error.0.violations) {
                    violation.field = join(field, &violation.field);
                    self.0.push(violation);
                }
                None
            }
        }
    }

    /// Whether nothing was found so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The violations found so far.
    pub fn as_slice(&self) -> &[Violation] {
        &self.0
    }

    /// Fails with every violation found, if there is any.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::invalid(self.0))
        }
    }
}

/// Joins field paths; an index such as `[2]` needs no dot.
fn join(parent: &str, child: &str) -> String {
    match (parent.is_empty(), child.is_empty()) {
        (true, _) => child.to_owned(),
        (_, true) => parent.to_owned(),
        _ if child.starts_with('[') => format!("{parent}{child}"),
        _ => format!("{parent}.{child}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_found_is_reported_at_once() {
        let mut violations = Violations::new();
        assert!(violations.check(true, "a", "R", "fine"));
        assert!(!violations.check(false, "b", "R", "wrong"));
        violations.add("c", "S", "wrong too");
        let error = violations.finish().unwrap_err();
        let fields: Vec<_> = error
            .violations()
            .iter()
            .map(|v| v.field.as_str())
            .collect();
        assert_eq!(fields, ["b", "c"]);
    }

    #[test]
    fn an_empty_collector_passes() {
        assert!(Violations::new().finish().is_ok());
    }

    #[test]
    fn nested_violations_keep_their_place() {
        let mut violations = Violations::new();
        let nested: Result<()> = Err(Error::invalid_field("name", "REQUIRED", "must be set"));
        assert_eq!(violations.take("items[1]", nested), None);
        let plain: Result<()> = Err(Error::new(&crate::reason::INVALID_FIELD_MASK, "bad mask"));
        assert_eq!(violations.take("update_mask", plain), None);
        assert_eq!(violations.take("fine", Ok(3)), Some(3));
        let found = violations.as_slice();
        assert_eq!(found[0].field, "items[1].name");
        assert_eq!(found[1].reason, "INVALID_FIELD_MASK");
        assert_eq!(join("rows", "[2].x"), "rows[2].x");
    }
}
