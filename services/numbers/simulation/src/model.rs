//! The rules, pure: series, scenarios with their worlds and truths, definitions and how they fit, and what a run is.

pub(crate) mod cells;
pub(crate) mod dice;
pub(crate) mod fit;
pub(crate) mod insured;
pub(crate) mod ontology;
pub(crate) mod parameter;
pub(crate) mod people;
pub(crate) mod portfolio;
pub(crate) mod rows;
pub(crate) mod run;
pub(crate) mod scenario;
pub(crate) mod series;
pub(crate) mod span;
pub(crate) mod truth;
