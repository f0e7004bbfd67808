//! Settings of `messaging`.

use config::{ByteSize, Problems, Span, Validate};
use redis_pool::RedisConfig;
use serde::{Deserialize, Serialize};

/// The section `[services.messaging]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Rows of a page when a list does not say how many.
    pub page_size: u16,
    /// Where messages are kept.
    pub backend: BackendKind,
    /// The log in files.
    pub log: LogConfig,
    /// The Redis server, where messages are kept there.
    pub redis: RedisConfig,
    /// The log's name in the Redis server.
    pub redis_name: String,
    /// How long publishing is tried while the Redis server is away.
    pub redis_patience: Span,
    /// Messages older than this may be dropped.
    pub keep: Span,
    /// When messages take more than this, the oldest may be dropped.
    pub keep_bytes: ByteSize,
    /// How long the id of a message is remembered, so that it is not there twice.
    pub dedupe_window: Span,
    /// Ids remembered at most.
    pub dedupe_ids: usize,
    /// How often it is written down how far subscriptions are; so much is delivered again after a crash.
    pub persist_every: Span,
    /// Topics a tenant may have published to.
    pub topics_per_tenant: u32,
    /// Subscriptions a tenant may have.
    pub subscriptions_per_tenant: u32,
    /// How long a call that follows messages goes on at most.
    pub follow: Span,
}

/// Where messages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendKind {
    /// In files below the data folder.
    Embedded,
    /// In a Redis stream.
    Redis,
}

/// The log in files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// Whether a message is on disk before its publisher hears of it.
    pub durable: bool,
    /// Where it is not: how long at most it is not on disk.
    pub sync_every: Span,
    /// Size of a file.
    pub segment: ByteSize,
    /// The newest messages kept in memory.
    pub recent: ByteSize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page_size: 50,
            backend: BackendKind::Embedded,
            log: LogConfig::default(),
            redis: RedisConfig::default(),
            redis_name: "tessera".to_owned(),
            redis_patience: Span::from_secs(5),
            keep: Span::from_secs(7 * 24 * 3600),
            keep_bytes: ByteSize::from_bytes(4 << 30),
            dedupe_window: Span::from_secs(120),
            dedupe_ids: 1_000_000,
            persist_every: Span::from_millis(200),
            topics_per_tenant: 10_000,
            subscriptions_per_tenant: 1000,
            follow: Span::from_secs(3600),
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            durable: true,
            sync_every: Span::from_secs(1),
            segment: ByteSize::from_bytes(64 << 20),
            recent: ByteSize::from_bytes(16 << 20),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=1000).contains(&self.page_size),
            "page_size",
            "must be from 1 to 1000",
        );
        problems.within("log", &self.log);
        if self.backend == BackendKind::Redis {
            problems.within("redis", &self.redis);
        }
        let name = &self.redis_name;
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        problems.check(
            !name.is_empty() && name.len() <= 60 && plain,
            "redis_name",
            "must be 1 to 60 letters, digits, `-` and `_`",
        );
        for (span, key) in [
            (self.keep, "keep"),
            (self.dedupe_window, "dedupe_window"),
            (self.persist_every, "persist_every"),
            (self.follow, "follow"),
        ] {
            problems.check(!span.is_zero(), key, "must be some time");
        }
        problems.check(self.dedupe_ids > 0, "dedupe_ids", "must be at least 1");
        problems.check(
            self.topics_per_tenant > 0,
            "topics_per_tenant",
            "must be at least 1",
        );
        problems.check(
            self.subscriptions_per_tenant > 0,
            "subscriptions_per_tenant",
            "must be at least 1",
        );
    }
}

impl Validate for LogConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            !self.sync_every.is_zero(),
            "sync_every",
            "must be some time",
        );
        problems.check(
            (64 << 10..=4 << 30).contains(&self.segment.get()),
            "segment",
            "must be 64 KiB to 4 GiB",
        );
    }
}
