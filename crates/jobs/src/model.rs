//! What jobs are made of, without database or network.

pub(crate) mod calendar;
pub(crate) mod record;
pub(crate) mod retry;
pub(crate) mod saved;
pub(crate) mod state;
pub(crate) mod step;
