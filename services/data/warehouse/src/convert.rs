//! Between messages and the model.

pub(crate) mod change;
pub(crate) mod event;
pub(crate) mod fragment;
pub(crate) mod query;
pub(crate) mod record;
pub(crate) mod tables;
