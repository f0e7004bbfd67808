//! Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), no other algorithm.

use crate::PublicKey;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::pkcs8::EncodePrivateKey;
use error::{Error, reason};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};
use std::fmt;
use value::{Id, Time};

/// Who issues our tokens, and for whom.
pub const ISSUER: &str = "tessera";

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// The principal.
    pub sub: Id,
    /// The principal's tenant.
    pub tid: Id,
    /// The session.
    pub sid: Id,
    /// This token.
    pub jti: Id,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Not before, in seconds since 1970.
    pub nbf: i64,
    /// Expires at, in seconds since 1970.
    pub exp: i64,
}

/// The private half of a key pair.
#[derive(Clone)]
pub struct SigningKey {
    kid: String,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// A new key pair.
    pub fn generate() -> Self {
        Self::from_seed(Id::new().to_string(), &rand::random())
    }

    /// The key pair of a stored seed.
    pub fn from_seed(kid: impl Into<String>, seed: &[u8; 32]) -> Self {
        Self {
            kid: kid.into(),
            key: ed25519_dalek::SigningKey::from_bytes(seed),
        }
    }

    /// The seed, to be stored encrypted.
    pub fn seed(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The identifier that goes into the head of tokens.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey {
            kid: self.kid.clone(),
            key: self.key.verifying_key().to_bytes(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ***)", self.kid)
    }
}

/// Signs claims.
///
/// # Errors
/// `INTERNAL` if the key cannot be used, which no key made here does.
pub fn sign(claims: &Claims, key: &SigningKey) -> Result<String, Error> {
    let document = key
        .key
        .to_pkcs8_der()
        .map_err(|cause| Error::internal(cause.to_string()))?;
    let header = Header {
        kid: Some(key.kid.clone()),
        ..Header::new(Algorithm::EdDSA)
    };
    jsonwebtoken::encode(
        &header,
        claims,
        &EncodingKey::from_ed_der(document.as_bytes()),
    )
    .map_err(Error::internal)
}

/// A public key, ready to verify.
pub(crate) fn verifier(key: &PublicKey) -> Result<DecodingKey, Error> {
    DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(key.key)).map_err(Error::internal)
}

/// The key that a token claims to be signed with.
pub(crate) fn key_id(token: &str) -> Result<String, Error> {
    let header =
        jsonwebtoken::decode_header(token).map_err(|_| invalid("not a token", "malformed"))?;
    if header.alg != Algorithm::EdDSA {
        return Err(invalid(
            "the token is signed with another algorithm",
            "algorithm",
        ));
    }
    header
        .kid
        .ok_or_else(|| invalid("the token does not say which key signed it", "key"))
}

/// Verifies signature, issuer, audience and times. `leeway` is in seconds.
pub(crate) fn verify(
    token: &str,
    key: &DecodingKey,
    now: Time,
    leeway: i64,
) -> Result<Claims, Error> {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[ISSUER]);
    rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // Times are judged by our clock below, so that tests can move it.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    let claims = jsonwebtoken::decode::<Claims>(token, key, &rules)
        .map_err(|failure| refusal(failure.kind()))?
        .claims;
    let now = now.micros().div_euclid(1_000_000);
    if claims.exp.saturating_add(leeway) <= now {
        return Err(Error::new(&reason::TOKEN_EXPIRED, "the token has expired"));
    }
    if claims.nbf.saturating_sub(leeway) > now {
        return Err(invalid("the token is not valid yet", "not_before"));
    }
    Ok(claims)
}

/// A token that cannot be trusted; `cause` is for programs.
pub(crate) fn invalid(message: &str, cause: &str) -> Error {
    Error::new(&reason::TOKEN_INVALID, message).with_metadata("cause", cause)
}

fn refusal(kind: &ErrorKind) -> Error {
    match kind {
        ErrorKind::InvalidSignature => invalid("the token's signature is wrong", "signature"),
        ErrorKind::InvalidIssuer => invalid("the token is of another issuer", "issuer"),
        ErrorKind::InvalidAudience => invalid("the token is for another audience", "audience"),
        ErrorKind::MissingRequiredClaim(_) => invalid("the token lacks a claim", "claims"),
        ErrorKind::InvalidAlgorithm => {
            invalid("the token is signed with another algorithm", "algorithm")
        }
        _ => invalid("not a token", "malformed"),
    }
}
