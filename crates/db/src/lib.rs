//! Every service's database: Diesel over SQLite (a file a service) or PostgreSQL (a schema a service).
//!
//! A store gets a [`Db`] and runs closures over a [`Conn`]: `read`, `write`, `append`, `claim`. Each opens a
//! transaction on a blocking thread, narrowed to the tenant of its [`auth::Scope`]. Nothing else opens connections.

mod access;
pub mod config;
mod conn;
mod databases;
mod error;
pub mod etag;
pub mod expr;
mod group;
mod housekeeping;
pub mod idempotency;
pub mod inbox;
mod macros;
#[doc(hidden)]
pub mod macros_support;
pub mod migrate;
pub mod origin;
pub mod outbox;
pub mod page;
mod patience;
mod pool;
mod savepoint;
mod schema;
mod types;
mod url;

pub use access::Db;
pub use config::{Durability, StorageConfig};
pub use conn::{Conn, MultiBackend};
pub use databases::Databases;
pub use diesel;
pub use diesel_migrations;
pub use error::{ALL as REASONS, Failure, OrElse, ROLE_TOO_POWERFUL};
pub use expr::decimal_sum;
pub use housekeeping::{Keep, Purged, housekeeping, sweep};
pub use migrate::{Migrations, Migrator};
pub use page::Page;
pub use url::{Backend, Url};
// Linked for their bundled libraries; nothing here calls them.
use {libsqlite3_sys as _, openssl_sys as _, pq_sys as _};
