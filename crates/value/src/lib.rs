//! The value types every crate shares: ids, times, exact decimals, JSON and clocks.
//! With feature `diesel` they are column types on SQLite and PostgreSQL (module `sql`).

mod clock;
mod decimal;
mod id;
mod json;
#[cfg(feature = "diesel")]
pub mod sql;
mod time;

pub use clock::{Clock, ManualClock, SystemClock};
pub use decimal::{Decimal, ParseDecimalError};
pub use id::{Id, ParseIdError};
pub use json::Json;
pub use time::{ParseTimeError, Time};
