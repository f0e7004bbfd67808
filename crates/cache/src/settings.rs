//! Section `[cache]`: whether and how processes share what they know.

use config::{ByteSize, Problems, Span, Validate};
use redis_pool::RedisConfig;
use serde::{Deserialize, Serialize};

/// Section `[cache]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// The Redis that processes share; without an address each process has its memory only.
    pub redis: RedisConfig,
    /// How keys in it begin.
    pub prefix: String,
    /// How long a process trusts its memory of what is in Redis: as long, at most, it overlooks what another
    /// process invalidated.
    pub near: Span,
    /// How long an entry lives at most.
    pub longest: Span,
    /// The largest value that is put into Redis.
    pub largest: ByteSize,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            // A cache that makes its readers wait is none.
            redis: RedisConfig {
                wait: Span::from_millis(50),
                connect_timeout: Span::from_millis(250),
                timeout: Span::from_millis(250),
                ..RedisConfig::default()
            },
            prefix: "tessera:cache".into(),
            near: Span::from_millis(500),
            longest: Span::from_secs(7 * 86_400),
            largest: ByteSize::from_mib(1),
        }
    }
}

impl Validate for CacheConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.within("redis", &self.redis);
        problems.check(
            !self.prefix.is_empty() && !self.prefix.contains(['{', '}']),
            "prefix",
            "must not be empty nor have braces, which Redis understands otherwise",
        );
        problems.check(!self.longest.is_zero(), "longest", "must be positive");
    }
}
