//! What is wrong with the settings: all of it at once, each with its full key.

use std::fmt;

/// Settings that can tell what is wrong with them beyond their types.
pub trait Validate {
    /// Adds every problem; keys are relative to the section.
    fn validate(&self, problems: &mut Problems);
}

impl Validate for () {
    fn validate(&self, _: &mut Problems) {}
}

/// One wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Full key: `services.metadata.page_size`.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// A collector of problems.
#[derive(Debug, Default)]
pub struct Problems {
    prefix: String,
    found: Vec<Problem>,
}

impl Problems {
    /// Adds a problem of a key below the section at hand; an empty key is the section itself.
    pub fn add(&mut self, key: &str, message: impl Into<String>) {
        let key = match (self.prefix.as_str(), key) {
            ("", key) => key.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, key) => format!("{prefix}.{key}"),
        };
        self.found.push(Problem {
            key,
            message: message.into(),
        });
    }

    /// Adds a problem unless the condition holds.
    pub fn check(&mut self, holds: bool, key: &str, message: impl Into<String>) {
        if !holds {
            self.add(key, message);
        }
    }

    /// Lets a nested section add its problems.
    pub fn within(&mut self, section: &str, nested: &impl Validate) {
        let length = self.prefix.len();
        if length > 0 {
            self.prefix.push('.');
        }
        self.prefix.push_str(section);
        nested.validate(self);
        self.prefix.truncate(length);
    }

    /// Nothing, or all problems as one error.
    ///
    /// # Errors
    /// If a problem was added.
    pub fn finish(self) -> Result<(), Error> {
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(Error {
                problems: self.found,
            })
        }
    }
}

/// Settings that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Every problem found.
    pub problems: Vec<Problem>,
}

impl Error {
    /// A single problem.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            problems: vec![Problem {
                key: key.into(),
                message: message.into(),
            }],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            match problem.key.as_str() {
                "" => write!(f, "{separator}{}", problem.message)?,
                key => write!(f, "{separator}{key}: {}", problem.message)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Inner;
    impl Validate for Inner {
        fn validate(&self, problems: &mut Problems) {
            problems.check(false, "size", "must be positive");
            problems.add("", "is odd");
        }
    }

    #[test]
    fn problems_carry_full_keys_and_come_together() {
        let mut problems = Problems::default();
        problems.within("services.metadata", &Inner);
        problems.check(true, "never", "is not shown");
        let error = problems.finish().unwrap_err();
        assert_eq!(
            error.to_string(),
            "services.metadata.size: must be positive\nservices.metadata: is odd"
        );
    }
}
