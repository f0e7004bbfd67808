//! Connections to a Redis: a bounded pool that connects by itself, and that stands back with growing pauses
//! while the server is away, so that whoever has another way out takes it at once.

mod gate;
mod pool;
mod settings;
mod trouble;

pub use pool::{Connection, Pool, Status};
pub use redis;
pub use settings::RedisConfig;
pub use trouble::{REASONS, REDIS_UNAVAILABLE, Trouble};
