//! Secrets that are shown once and stored as SHA-256 only. They hold 256 random bits, so a fast hash is enough.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use value::Id;

/// What begins a refresh token, so that scanners of leaked secrets know it.
const REFRESH_PREFIX: &str = "tsx";

/// Thirty-two random bytes, written as 64 hexadecimal digits; they never print.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

/// The SHA-256 of a secret.
pub(crate) type Hash = [u8; 32];

impl Secret {
    /// A new secret.
    pub(crate) fn generate() -> Self {
        let mut bytes = [0_u8; 32];
        // The operating system's generator fails only where it is missing, and then nothing of this is safe.
        SystemRandom::new()
            .fill(&mut bytes)
            .expect("the operating system gives random bytes");
        Self(hex(&bytes))
    }

    /// The text to show, this once.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> Hash {
        hash(self.0.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `tsx_<session>_<secret>`: names its session, so that one look-up by hash is confined to it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    /// The session it renews.
    pub(crate) session: Id,
    secret: Secret,
}

impl RefreshToken {
    /// A new token for a session.
    pub(crate) fn generate(session: Id) -> Self {
        Self {
            session,
            secret: Secret::generate(),
        }
    }

    /// The text to show, this once.
    pub(crate) fn reveal(&self) -> String {
        format!(
            "{REFRESH_PREFIX}_{}_{}",
            self.session.as_uuid().simple(),
            self.secret.reveal()
        )
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> Hash {
        self.secret.hash()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{REFRESH_PREFIX}_{}_***", self.session)
    }
}

/// The text is no refresh token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotARefreshToken;

impl FromStr for RefreshToken {
    type Err = NotARefreshToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '_');
        let (Some(REFRESH_PREFIX), Some(session), Some(secret)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(NotARefreshToken);
        };
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let well_formed = session.len() == 32
            && secret.len() == 64
            && session.bytes().chain(secret.bytes()).all(lower_hex);
        if !well_formed {
            return Err(NotARefreshToken);
        }
        let session = uuid::Uuid::try_parse(session).map_err(|_| NotARefreshToken)?;
        Ok(Self {
            session: Id::from_uuid(session),
            secret: Secret(secret.to_owned()),
        })
    }
}

/// SHA-256.
pub(crate) fn hash(bytes: &[u8]) -> Hash {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// The key under which failures of an account are counted, whether the account exists or not.
pub(crate) fn account_key(tenant: &str, email: &str) -> Hash {
    hash(format!("{tenant}\0{email}").as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refresh_tokens_round_trip_and_do_not_print() {
        let token = RefreshToken::generate(Id::new());
        let text = token.reveal();
        assert_eq!(text.parse(), Ok(token.clone()));
        // By length: the secret's alphabet has the separator too.
        let secret = &text[text.len() - 30..];
        assert!(!format!("{token:?}").contains(secret));
        assert_ne!(
            token.hash(),
            RefreshToken::generate(token.session).hash(),
            "secrets differ"
        );
    }

    #[test]
    fn sha_256_is_the_standard_one() {
        assert_eq!(
            hex(&hash(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_ne!(account_key("a", "b@c"), account_key("ab", "@c"));
    }

    proptest! {
        #[test]
        fn what_parses_is_written_back_as_it_was(text in "tsx_[0-9a-fA-F]{31,33}_[0-9a-f]{63,65}|\\PC{0,80}") {
            if let Ok(token) = text.parse::<RefreshToken>() {
                prop_assert_eq!(token.reveal(), text);
            }
        }
    }
}
