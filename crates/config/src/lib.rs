//! Settings: one TOML file, over it `TESSERA__SECTION__KEY=value` from the environment, each section
//! owned by its crate, every problem named with its full key. Only this crate reads the environment.

mod load;
mod problem;
mod secret;
mod section;
mod unit;

pub use load::{environment, load};
pub use problem::{Error, Problem, Problems, Validate};
pub use secret::Secret;
pub use section::{allow_only, print, section};
pub use toml::{Table, Value};
pub use unit::{ByteSize, Span};
