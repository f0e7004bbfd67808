//! API tokens; their hashes are never rendered.

use std::time::Duration;

use auth::ApiToken;
use error::{Error, Result};
use proto_platform::tessera::identity::v1 as pb;
use value::{Id, Json, Time};

use super::{optional_time, time};
use crate::store::TokenRow;

/// When a new token expires: as asked, or as late as allowed, which is by the end of the API token that
/// carries the call.
pub(crate) fn expiry(
    asked: Option<&prost_types::Timestamp>,
    now: Time,
    longest: Duration,
    parent_ends: Option<Time>,
) -> Result<Time> {
    let latest = now + longest;
    let latest = parent_ends.map_or(latest, |end| end.min(latest));
    let refuse = |reason: &str, description: &str| {
        Err(Error::invalid_field("expire_time", reason, description))
    };
    let Some(asked) = asked else {
        return Ok(latest);
    };
    match proto::time::from_proto(asked) {
        None => refuse("TIMESTAMP", "must be a time between the years 1 and 9999"),
        Some(at) if at <= now => refuse("FUTURE", "must lie in the future"),
        Some(at) if at > latest => refuse(
            "TOO_LATE",
            "lies beyond what the server, or the token that carries the call, allows",
        ),
        Some(at) => Ok(at),
    }
}

/// The row of a new token without limits; its tenant is that of the change that stores it.
pub(crate) fn row(
    token: &ApiToken,
    principal: Id,
    name: &str,
    created_by: String,
    now: Time,
) -> TokenRow {
    TokenRow {
        id: token.id,
        tenant: Id::NIL,
        principal_id: principal,
        name: name.to_owned(),
        secret_hash: token.secret_hash().to_vec(),
        permissions: Json(serde_json::Value::Array(Vec::new())),
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
        created_by,
        created_at: now,
        updated_at: now,
        version: 1,
        parent_id: None,
    }
}

/// Renders a token.
pub(crate) fn render(row: TokenRow) -> pb::ApiToken {
    pb::ApiToken {
        id: row.id.to_string(),
        principal_id: row.principal_id.to_string(),
        permissions: row.permissions(),
        name: row.name,
        expire_time: optional_time(row.expires_at),
        last_used_time: optional_time(row.last_used_at),
        revoke_time: optional_time(row.revoked_at),
        create_time: time(row.created_at),
        created_by: row.created_by,
        parent_id: row.parent_id.map(|id| id.to_string()).unwrap_or_default(),
    }
}
