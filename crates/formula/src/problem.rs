//! What is wrong with a formula: a stable code, the place, a sentence, and what to do about it.

use crate::{Position, Span};
use error::Violation;
use std::fmt;

/// At most so many problems are reported of one formula; what follows is mostly a consequence.
const MAX_PROBLEMS: usize = 20;

/// Declares the codes, each with its sentence for the documentation.
macro_rules! codes {
    ($($variant:ident = $name:literal, $meaning:literal;)*) => {
        /// The sort of a problem; stable, and the `reason` of its [`Violation`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = concat!("`", $name, "`: ", $meaning, ".")] $variant),* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name, `UPPER_SNAKE`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it means, for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

codes! {
    Syntax = "FORMULA_SYNTAX", "the text does not follow the grammar";
    TooLong = "FORMULA_TOO_LONG", "the text, or what it expands to, has too many characters";
    TooDeep = "FORMULA_TOO_DEEP", "expressions are nested too deeply, or one chain of operators is too long";
    TooManyTerms = "FORMULA_TOO_MANY_TERMS", "the formula, or what its metrics expand to, has too many terms";
    BadNumber = "FORMULA_BAD_NUMBER", "the number has too many digits";
    BadDate = "FORMULA_BAD_DATE", "the text is no day or instant of the calendar";
    UnknownFunction = "FORMULA_UNKNOWN_FUNCTION", "the library has no function of this name";
    UnknownEntity = "FORMULA_UNKNOWN_ENTITY", "the ontology has no entity of this code";
    UnknownAttribute = "FORMULA_UNKNOWN_ATTRIBUTE", "the entity has no attribute of this code";
    UnknownMetric = "FORMULA_UNKNOWN_METRIC", "there is no metric of this code";
    Arguments = "FORMULA_ARGUMENTS", "the function takes other arguments";
    WrongType = "FORMULA_WRONG_TYPE", "the operation does not take values of this type";
    WrongUnit = "FORMULA_WRONG_UNIT", "values of different units are no sum and no comparison";
    WrongLevel = "FORMULA_WRONG_LEVEL", "rows and aggregates are mixed";
    MixedEntities = "FORMULA_MIXED_ENTITIES", "one aggregate reads the rows of several entities";
    NoSnapshot = "FORMULA_NO_SNAPSHOT", "only a snapshot entity has members at the start and the end of a period";
    MetricCycle = "FORMULA_METRIC_CYCLE", "metrics refer to each other in a circle";
    BadMetric = "FORMULA_BAD_METRIC", "a metric that is referred to is itself wrong";
    Unsupported = "FORMULA_UNSUPPORTED", "the language allows this, and it cannot be calculated exactly yet";
    Overflow = "FORMULA_OVERFLOW", "a value does not fit the digits of its type";
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The sort of problem.
    pub code: Code,
    /// The place in the source.
    pub span: Span,
    /// The place as people count.
    pub position: Position,
    /// What is wrong; lower case, without a full stop.
    pub message: String,
    /// What to do about it, where something is known.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        write!(f, "line {line}, column {column}: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with one formula, in the order of its text; never empty when it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems.
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As violations of the request's field `field`: reason is the code, description says where.
    pub fn violations(&self, field: &str) -> Vec<Violation> {
        let violation =
            |problem: &Problem| Violation::new(field, problem.code.name(), problem.to_string());
        self.0.iter().map(violation).collect()
    }

    /// As the refusal of a request whose field `field` holds the formula.
    pub fn into_error(self, field: &str) -> error::Error {
        error::Error::invalid(self.violations(field))
    }

    /// Adds a problem; a second one at the same place is a consequence of the first and left out.
    pub(crate) fn add(
        &mut self,
        source: &str,
        code: Code,
        span: Span,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let known = self
            .0
            .iter()
            .any(|problem| problem.span.start == span.start);
        if known || self.0.len() == MAX_PROBLEMS {
            return;
        }
        self.0.push(Problem {
            code,
            span,
            position: Position::of(source, span.start as usize),
            message: message.into(),
            hint,
        });
    }

    /// `value`, unless there are problems.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, Self> {
        self.0.sort_by_key(|problem| problem.span.start);
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// `did you mean …?`, when one of `known` is close to `word` by the optimal string alignment distance.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let word = word.to_lowercase();
    // One slip in three letters is a typing error, more is another word.
    let allowed = word.chars().count().div_ceil(3).min(3);
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::osa_distance(&word, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}
