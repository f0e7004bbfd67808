//! Messages into the model and back; what a contract cannot say is checked here, all violations at once.

pub(crate) mod answer;
pub(crate) mod definitions;
pub(crate) mod event;
pub(crate) mod explanation;
pub(crate) mod formulas;
pub(crate) mod fragments;
pub(crate) mod publication;
pub(crate) mod questions;
pub(crate) mod states;
