//! Settings of identity, section `[services.identity]`.

use std::path::PathBuf;

use config::{Problems, Secret, Span, Validate};
use serde::{Deserialize, Serialize};

use crate::model::{lockout, password};

/// Settings of identity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Password of the administrator made at the first start; empty makes a random one and writes it
    /// to `<data_dir>/identity/admin.password`.
    pub admin_password: Secret,
    /// File of the key that seals private keys in the database; the same in every process that runs
    /// identity. Empty is `<data_dir>/identity/signing.key`, made at the first start.
    pub key_file: PathBuf,
    /// Resources a page holds when the caller names no size.
    pub page_size: u32,
    /// Row filters a tenant may have; more are refused.
    pub row_filters_per_tenant: u32,
    /// Life of tokens.
    pub tokens: TokenConfig,
    /// What new passwords must be like.
    pub passwords: PasswordConfig,
    /// When repeated failures lock an account.
    pub lockout: LockoutConfig,
    /// How passwords are hashed.
    pub hashing: HashingConfig,
    /// When signing keys change.
    pub keys: KeyConfig,
}

/// Life of tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenConfig {
    /// Life of an access token.
    pub access: Span,
    /// Life of a refresh token: how long a session survives without use.
    pub refresh: Span,
    /// Longest life of a session, however much it is used.
    pub session: Span,
    /// Longest life of an API token.
    pub api: Span,
    /// How exactly the last use of an API token is kept.
    pub last_used_precision: Span,
    /// Living API tokens a principal may have; more are refused.
    pub api_per_principal: u32,
    /// Living sessions a user may have; the next one ends the oldest.
    pub sessions_per_user: u32,
}

/// What new passwords must be like.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordConfig {
    /// Fewest characters.
    pub min_length: usize,
    /// Most characters.
    pub max_length: usize,
}

/// When repeated failures lock an account.
///
/// The lock belongs to the account, whoever guesses: a stranger who knows an address can keep its owner from
/// signing in, a pause at a time. That is the price of a bound on guessing that many machines together cannot
/// pass; an exception for the right password would let guessing go on during the pause. Living sessions and API
/// tokens are not touched, a reset by an administrator lifts the lock, and shorter pauses or more failures
/// shift the balance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LockoutConfig {
    /// The failure in a row that locks for the first time.
    pub failures: u32,
    /// How long it locks; each further failure doubles it.
    pub first_pause: Span,
    /// How long a failure locks at most.
    pub longest_pause: Span,
    /// After how long without one failures are forgotten.
    pub memory: Span,
}

/// How passwords are hashed (argon2id); the defaults are OWASP's first choice.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HashingConfig {
    /// Memory of one hash in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Passwords of sign-ins verified at the same time; others wait.
    pub concurrency: usize,
    /// Sign-ins that may wait, and apart from them callers with a token; more are refused with OVERLOADED.
    pub queue: usize,
    /// Hashes computed at the same time, besides `concurrency`, for callers who have shown who they are.
    pub reserved: usize,
}

/// When signing keys change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyConfig {
    /// Age at which a signing key is replaced.
    pub rotation_age: Span,
    /// How long a new key is published before it signs, so that every process knows it by then.
    pub activation_delay: Span,
    /// How often age and leftovers are looked at.
    pub check_interval: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            admin_password: Secret::default(),
            key_file: PathBuf::new(),
            page_size: 50,
            row_filters_per_tenant: 1000,
            tokens: TokenConfig::default(),
            passwords: PasswordConfig::default(),
            lockout: LockoutConfig::default(),
            hashing: HashingConfig::default(),
            keys: KeyConfig::default(),
        }
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            access: Span::from_secs(15 * MINUTE),
            refresh: Span::from_secs(14 * DAY),
            session: Span::from_secs(90 * DAY),
            api: Span::from_secs(366 * DAY),
            last_used_precision: Span::from_secs(MINUTE),
            api_per_principal: 100,
            sessions_per_user: 50,
        }
    }
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self {
            min_length: 12,
            max_length: 128,
        }
    }
}

impl Default for LockoutConfig {
    fn default() -> Self {
        Self {
            failures: 5,
            first_pause: Span::from_secs(30),
            longest_pause: Span::from_secs(HOUR),
            memory: Span::from_secs(DAY),
        }
    }
}

impl Default for HashingConfig {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            iterations: 2,
            parallelism: 1,
            concurrency: 2,
            queue: 64,
            reserved: 1,
        }
    }
}

impl Default for KeyConfig {
    fn default() -> Self {
        Self {
            rotation_age: Span::from_secs(30 * DAY),
            activation_delay: Span::from_secs(5),
            check_interval: Span::from_secs(10 * MINUTE),
        }
    }
}

impl Config {
    /// The rule for new passwords.
    pub(crate) fn password_policy(&self) -> password::Policy {
        password::Policy {
            min_length: self.passwords.min_length,
            max_length: self.passwords.max_length,
        }
    }

    /// The rule for repeated failures.
    pub(crate) fn lockout_policy(&self) -> lockout::Policy {
        lockout::Policy {
            free_failures: self.lockout.failures,
            first_pause: self.lockout.first_pause.get(),
            longest_pause: self.lockout.longest_pause.get(),
            memory: self.lockout.memory.get(),
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=1000).contains(&self.page_size),
            "page_size",
            "must be 1 to 1000",
        );
        problems.check(
            (1..=10_000).contains(&self.row_filters_per_tenant),
            "row_filters_per_tenant",
            "must be 1 to 10000",
        );
        problems.within("tokens", &self.tokens);
        problems.within("passwords", &self.passwords);
        problems.within("lockout", &self.lockout);
        problems.within("hashing", &self.hashing);
        problems.within("keys", &self.keys);
        let password = self.admin_password.expose().chars().count();
        problems.check(
            password == 0
                || (self.passwords.min_length..=self.passwords.max_length).contains(&password),
            "admin_password",
            "must be as long as `passwords` asks for",
        );
    }
}

impl Validate for TokenConfig {
    fn validate(&self, problems: &mut Problems) {
        let seconds = |span: Span| span.get().as_secs();
        problems.check(
            (10..=DAY).contains(&seconds(self.access)),
            "access",
            "must be 10s to 1d",
        );
        problems.check(
            self.refresh > self.access,
            "refresh",
            "must be longer than `access`",
        );
        problems.check(
            self.session >= self.refresh,
            "session",
            "must be at least `refresh`",
        );
        problems.check(seconds(self.api) >= 60, "api", "must be at least 1m");
        problems.check(
            seconds(self.last_used_precision) >= 1,
            "last_used_precision",
            "must be at least 1s",
        );
        problems.check(
            (1..=10_000).contains(&self.api_per_principal),
            "api_per_principal",
            "must be 1 to 10000",
        );
        problems.check(
            (1..=10_000).contains(&self.sessions_per_user),
            "sessions_per_user",
            "must be 1 to 10000",
        );
    }
}

impl Validate for PasswordConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (8..=64).contains(&self.min_length),
            "min_length",
            "must be 8 to 64",
        );
        problems.check(
            (64..=512).contains(&self.max_length),
            "max_length",
            "must be 64 to 512",
        );
    }
}

impl Validate for LockoutConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=100).contains(&self.failures),
            "failures",
            "must be 1 to 100",
        );
        problems.check(
            !self.first_pause.is_zero(),
            "first_pause",
            "must be some time",
        );
        problems.check(
            self.longest_pause >= self.first_pause,
            "longest_pause",
            "must be at least `first_pause`",
        );
        problems.check(
            self.memory >= self.longest_pause,
            "memory",
            "must be at least `longest_pause`",
        );
    }
}

impl Validate for HashingConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=64).contains(&self.parallelism),
            "parallelism",
            "must be 1 to 64",
        );
        let least = 8 * self.parallelism.clamp(1, 64);
        problems.check(
            (least..=4 << 20).contains(&self.memory_kib),
            "memory_kib",
            format!("must be {least} to 4194304"),
        );
        problems.check(
            (1..=100).contains(&self.iterations),
            "iterations",
            "must be 1 to 100",
        );
        problems.check(
            (1..=256).contains(&self.concurrency),
            "concurrency",
            "must be 1 to 256",
        );
        problems.check(
            (1..=10_000).contains(&self.queue),
            "queue",
            "must be 1 to 10000",
        );
        problems.check(
            (1..=256).contains(&self.reserved),
            "reserved",
            "must be 1 to 256",
        );
    }
}

impl Validate for KeyConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            self.rotation_age > self.activation_delay,
            "rotation_age",
            "must be longer than `activation_delay`",
        );
        problems.check(
            !self.check_interval.is_zero(),
            "check_interval",
            "must be some time",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(config: &Config) -> Vec<String> {
        let mut problems = Problems::default();
        config.validate(&mut problems);
        match problems.finish() {
            Ok(()) => Vec::new(),
            Err(error) => error.problems.into_iter().map(|found| found.key).collect(),
        }
    }

    #[test]
    fn the_defaults_hold_and_every_wrong_setting_is_named() {
        let mut config = Config::default();
        assert!(problems(&config).is_empty());
        config.page_size = 0;
        config.row_filters_per_tenant = 0;
        config.tokens.refresh = Span::from_secs(1);
        config.tokens.sessions_per_user = 0;
        config.hashing.queue = 0;
        config.passwords.min_length = 3;
        config.hashing.memory_kib = 1;
        config.keys.check_interval = Span::default();
        config.admin_password = Secret::new("ab");
        assert_eq!(
            problems(&config),
            [
                "page_size",
                "row_filters_per_tenant",
                "tokens.refresh",
                "tokens.sessions_per_user",
                "passwords.min_length",
                "hashing.memory_kib",
                "hashing.queue",
                "keys.check_interval",
                "admin_password"
            ]
        );
    }
}
