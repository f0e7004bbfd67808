//! Scenarios: worlds with a known truth, each in a file of its own.

mod churn_spike;
mod health_retention;
mod retention;
mod sales_growth;
mod seasonal_peak;
#[cfg(test)]
mod tests;

use super::{
    parameter::{Choices, Kind, Parameter},
    rows::Rows,
    span::{Reach, Span, Step},
    truth::Truth,
};
use error::Violations;
use sha2::{Digest, Sha256};

/// A world that can be made again and again.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Name for machines.
    pub(crate) code: &'static str,
    /// Name for people.
    pub(crate) name: &'static str,
    /// What happens in it.
    pub(crate) description: &'static str,
    /// What it writes and measures, as `metadata` imports it.
    pub(crate) ontology: &'static str,
    /// What can be chosen.
    pub(crate) parameters: &'static [Parameter],
    /// Time between snapshots where none is given.
    pub(crate) step: Step,
    /// How many steps where no days are given, and whether the last day is a snapshot.
    pub(crate) steps: (i32, Reach),
    /// Finds what does not go together.
    check: fn(&Choices, &mut Violations),
    /// Makes the world.
    make: fn(&Order) -> Result<Box<dyn World>, TooMany>,
}

/// Every scenario, by code.
pub(crate) static ALL: [&Scenario; 4] = [
    &churn_spike::SCENARIO,
    &health_retention::SCENARIO,
    &sales_growth::SCENARIO,
    &seasonal_peak::SCENARIO,
];

/// The parameter that every scenario has.
const ID_PREFIX: Parameter = Parameter {
    name: "id_prefix",
    description: "What the numbers of everything begin with; where none is given, six characters that belong to scenario, seed, \
                  days and parameters, so that worlds do not meet",
    kind: Kind::Word(20),
    default: "",
};

/// What a world is made of: the same order gives the same world.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    /// Seed of its chance.
    pub(crate) seed: u64,
    /// Its days.
    pub(crate) span: Span,
    /// A value for every parameter.
    pub(crate) choices: Choices,
    /// Most rows that it may have.
    pub(crate) most_rows: u64,
}

/// The world would have more rows than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany(pub(crate) u64);

/// A world: rows, and what is true of them.
pub(crate) trait World: Send + Sync {
    /// How many rows an entity has.
    fn count(&self, entity: &str) -> u64;
    /// The rows of an entity; none of one that is not written.
    fn rows(&self, entity: &str) -> Option<Rows>;
    /// What is true of every metric, by period and group, in no order.
    fn truths(&self) -> Vec<Truth>;
}

impl Scenario {
    /// The scenario of a code.
    pub(crate) fn of_code(code: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|scenario| scenario.code == code)
    }

    /// Reads what was chosen; all faults at once.
    pub(crate) fn choices(
        &self,
        given: &std::collections::BTreeMap<String, String>,
        found: &mut Violations,
    ) -> Choices {
        let mut faults = Violations::new();
        let choices = Choices::read(self.parameters, given, "run.parameters", &mut faults);
        // What belongs together is compared once each is right by itself.
        if faults.is_empty() {
            (self.check)(&choices, &mut faults);
        }
        for fault in faults.as_slice() {
            found.add(&fault.field, &fault.reason, &fault.description);
        }
        choices
    }

    /// Makes the world of an order.
    pub(crate) fn world(&self, order: &Order) -> Result<Box<dyn World>, TooMany> {
        (self.make)(order)
    }
}

impl Order {
    /// What the numbers of everything begin with.
    fn prefix(&self, scenario: &str) -> String {
        let chosen = self.choices.text(ID_PREFIX.name);
        if !chosen.is_empty() {
            return chosen.to_owned();
        }
        let mut hash = Sha256::new();
        let Span { start, end, step } = self.span;
        hash.update(format!(
            "{scenario}\n{}\n{start}\n{end}\n{}\n",
            self.seed,
            step.name()
        ));
        for (name, text) in self.choices.texts() {
            hash.update(format!("{name}={text}\n"));
        }
        // Letters and digits that are not taken for each other.
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
        hash.finalize().iter().take(6).map(letter).collect()
    }
}

/// A violation of a parameter.
fn fault(found: &mut Violations, name: &str, reason: &str, what: impl Into<String>) {
    found.add(format!("run.parameters[{name:?}]"), reason, what);
}
