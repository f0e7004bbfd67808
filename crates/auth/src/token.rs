//! Opaque API tokens: `tsr_<id>_<secret>`. Only the hash of the secret is ever stored.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;
use value::Id;

/// What every API token begins with, so that leaked ones can be searched for.
const PREFIX: &str = "tsr_";

/// An API token in the clear, as its owner sees it once.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The public part.
    pub id: Id,
    secret: [u8; 32],
}

impl ApiToken {
    /// A new token with a random secret of 256 bits.
    pub fn generate(id: Id) -> Self {
        Self {
            id,
            secret: rand::random(),
        }
    }

    /// Reads a token; `None` if it is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let secret = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        Some(Self {
            id: id.parse().ok()?,
            secret,
        })
    }

    /// The token as text. Never log what this returns.
    pub fn expose(&self) -> String {
        format!(
            "{PREFIX}{}_{}",
            self.id,
            URL_SAFE_NO_PAD.encode(self.secret)
        )
    }

    /// SHA-256 of the secret. The secret has full entropy, so a plain hash is enough.
    pub fn secret_hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiToken({}, ***)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_reads_back_and_hides_itself() {
        let token = ApiToken::generate(Id::new());
        assert_eq!(ApiToken::parse(&token.expose()), Some(token.clone()));
        // By length: the secret's alphabet has the separator too.
        let text = token.expose();
        let secret = text[text.len() - 30..].to_owned();
        assert!(!format!("{token:?}").contains(&secret));
    }

    proptest! {
        #[test]
        fn garbage_is_no_token(text in "(tsr_)?\\PC{0,90}") {
            if let Some(token) = ApiToken::parse(&text) {
                prop_assert_eq!(ApiToken::parse(&token.expose()), Some(token));
            }
        }
    }
}
