//! Caches: one [`Cache`] type, in memory, or in memory over a Redis that all processes share. Entries live for a time,
//! carry tags and go by tag; equal loads at the same time are one. A Redis that is away makes answers slower, never wrong.

mod builder;
mod entry;
mod far;
mod figures;
mod flights;
mod key;
mod near;
mod settings;
mod store;

pub use builder::{Builder, Caches};
pub use entry::{Entry, Found, Held, Source};
pub use figures::Figures;
pub use flights::{Flight, Flights, Outcome};
pub use key::{Key, Tag};
pub use settings::CacheConfig;
pub use store::Cache;
