//! The rules: periods, definitions as formulas need them, what entities share, merging, order and thresholds. Pure.

pub(crate) mod answer;
pub(crate) mod calendar;
pub(crate) mod definitions;
pub(crate) mod publication;
pub(crate) mod question;
pub(crate) mod reading;
pub(crate) mod rows;
