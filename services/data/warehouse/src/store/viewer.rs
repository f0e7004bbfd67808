//! Who asks for rows or changes them, what they may see, and how long they wait.

use auth::{RowFilters, Scope};
use std::{sync::Arc, time::Instant};

/// Whoever reads or writes rows.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    /// The right to be in the tenant.
    pub(crate) scope: Scope,
    /// Which of its rows may be seen. A call between services brings those of its principal, whose scope it is not.
    pub(crate) filters: Arc<RowFilters>,
    /// Who acts, for the history.
    pub(crate) actor: String,
    /// When the answer has to be there.
    pub(crate) end: Instant,
}
