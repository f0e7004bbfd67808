//! Sessions and keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proto_platform::tessera::identity::v1 as pb;
use value::Id;

use super::{optional_time, time};
use crate::store::{KeyRow, SessionRow};

/// Renders a session; `current` is the caller's own.
pub(crate) fn render(row: SessionRow, current: Option<Id>) -> pb::Session {
    pb::Session {
        current: current == Some(row.id),
        id: row.id.to_string(),
        user_id: row.user_id.to_string(),
        create_time: time(row.created_at),
        refresh_time: time(row.refreshed_at),
        expire_time: time(row.expires_at),
        revoke_time: optional_time(row.revoked_at),
    }
}

/// Renders the public half of a key as RFC 8037 has it.
pub(crate) fn render_key(row: KeyRow) -> pb::Key {
    pb::Key {
        kty: "OKP".into(),
        crv: "Ed25519".into(),
        x: URL_SAFE_NO_PAD.encode(row.public_key),
        kid: row.kid,
        alg: "EdDSA".into(),
        r#use: "sig".into(),
    }
}
