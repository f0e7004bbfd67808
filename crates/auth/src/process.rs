//! How a process proves on a socket that it belongs to the installation, where mutual TLS is off: a
//! short-lived header under a key that all processes share.

use error::{Error, reason};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use value::Time;

/// The header's name. The edge never passes it on from outside.
pub const HEADER: &str = "x-tessera-process";
/// How long a header is good for, in seconds.
const LIFETIME: i64 = 60;

/// The key that the processes of an installation share.
#[derive(Clone)]
pub struct ProcessKey(Hmac<Sha256>);

impl ProcessKey {
    /// The key of a shared secret.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` if the secret is shorter than 16 bytes.
    pub fn from_secret(secret: &[u8]) -> Result<Self, Error> {
        let too_short = || {
            Error::new(
                &reason::FAILED_PRECONDITION,
                "the mesh secret needs at least 16 bytes",
            )
        };
        if secret.len() < 16 {
            return Err(too_short());
        }
        Hmac::new_from_slice(secret)
            .map(Self)
            .map_err(|_| too_short())
    }

    /// The header value by which process `name` proves itself now: `<name>:<end>:<mac>`.
    pub fn sign(&self, name: &str, now: Time) -> String {
        let end = now.micros().div_euclid(1_000_000) + LIFETIME;
        let claim = format!("{name}:{end}");
        let mac = self.mac(&claim).finalize().into_bytes();
        mac.iter().fold(claim + ":", |mut text, byte| {
            use fmt::Write;
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The name of the process that made a header.
    ///
    /// # Errors
    /// `PROCESS_UNTRUSTED` if it is malformed, forged or too old.
    pub fn verify(&self, header: &str, now: Time) -> Result<String, Error> {
        let untrusted = || {
            Error::new(
                &reason::PROCESS_UNTRUSTED,
                "the calling process could not prove itself",
            )
        };
        let (claim, mac) = header.rsplit_once(':').ok_or_else(untrusted)?;
        let (name, end) = claim.rsplit_once(':').ok_or_else(untrusted)?;
        let mac = unhex(mac).ok_or_else(untrusted)?;
        self.mac(claim)
            .verify_slice(&mac)
            .map_err(|_| untrusted())?;
        let end: i64 = end.parse().map_err(|_| untrusted())?;
        let now = now.micros().div_euclid(1_000_000);
        // A header from too far ahead is refused too: its maker's clock cannot be trusted.
        if (now..=now + 2 * LIFETIME).contains(&end) {
            Ok(name.to_owned())
        } else {
            Err(untrusted())
        }
    }

    fn mac(&self, claim: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(claim.as_bytes());
        mac
    }
}

impl fmt::Debug for ProcessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProcessKey(***)")
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    // Only the spelling that `sign` writes: `from_str_radix` would take `+3` and upper case too.
    let plain = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !text.bytes().all(plain) || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;
    use value::{Clock, ManualClock};

    fn key() -> ProcessKey {
        ProcessKey::from_secret(b"a secret of some length").unwrap()
    }

    #[test]
    fn a_process_proves_itself_for_a_minute() {
        let clock = ManualClock::default();
        let header = key().sign("calculation@host", clock.now());
        assert_eq!(
            key().verify(&header, clock.now()).unwrap(),
            "calculation@host"
        );
        let other = ProcessKey::from_secret(b"another secret of length").unwrap();
        assert_eq!(
            other.verify(&header, clock.now()).unwrap_err().reason(),
            "PROCESS_UNTRUSTED"
        );
        assert!(
            key()
                .verify(&header.replace("calculation", "identity"), clock.now())
                .is_err()
        );
        clock.advance(Duration::from_secs(61));
        assert!(key().verify(&header, clock.now()).is_err());
    }

    #[test]
    fn a_proof_has_one_spelling() {
        let now = ManualClock::default().now();
        let header = key().sign("identity", now);
        let (claim, mac) = header.rsplit_once(':').unwrap();
        let shouted = format!("{claim}:{}", mac.to_uppercase());
        assert!(shouted == header || key().verify(&shouted, now).is_err());
        let signed = (0..mac.len())
            .step_by(2)
            .find(|at| mac.as_bytes()[*at] == b'0');
        if let Some(at) = signed {
            let mut other = mac.to_owned();
            other.replace_range(at..=at, "+");
            assert!(key().verify(&format!("{claim}:{other}"), now).is_err());
        }
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(ProcessKey::from_secret(b"short").is_err());
    }

    proptest! {
        #[test]
        fn garbage_is_refused(header in "\\PC{0,120}") {
            prop_assert!(key().verify(&header, ManualClock::default().now()).is_err());
        }
    }
}
