//! Between messages and the model.

pub(crate) mod tables;
