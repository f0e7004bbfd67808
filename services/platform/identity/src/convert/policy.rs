//! The policy: rows to the snapshot that `auth` decides by, and that to its wire form.

use auth::{
    Principal, PrincipalKind, PrincipalPolicy, PublicKey, RolePolicy, Snapshot, TokenPolicy,
};
use proto_platform::tessera::identity::v1 as pb;

use super::optional_time;
use crate::model::role;
use crate::store::PolicyRows;

/// The snapshot of the rows. Keys and hashes of a wrong length, which nothing writes, are left out.
pub(crate) fn snapshot(rows: PolicyRows) -> Snapshot {
    Snapshot {
        version: rows.version,
        keys: rows
            .keys
            .into_iter()
            .filter_map(|row| {
                let key = row.public_key.try_into().ok()?;
                Some(PublicKey { kid: row.kid, key })
            })
            .collect(),
        principals: rows
            .principals
            .into_iter()
            .map(|row| PrincipalPolicy {
                principal: Principal {
                    id: row.id,
                    tenant: row.tenant,
                    kind: match row.person {
                        true => PrincipalKind::User,
                        false => PrincipalKind::Service,
                    },
                    name: row.name,
                },
                roles: row.roles,
                disabled: row.disabled,
                row_filters: row.row_filters,
            })
            .collect(),
        roles: role::all()
            .into_iter()
            .map(|(name, permissions)| RolePolicy {
                tenant: None,
                name: name.to_owned(),
                permissions,
            })
            .collect(),
        tokens: rows
            .tokens
            .into_iter()
            .filter_map(|row| {
                Some(TokenPolicy {
                    id: row.id,
                    principal: row.principal_id,
                    expires: row.expires_at,
                    permissions: row.permissions(),
                    secret_hash: row.secret_hash.try_into().ok()?,
                })
            })
            .collect(),
        revoked_sessions: rows.revoked_sessions,
        row_filters: rows.row_filters,
    }
}

/// Renders a snapshot.
pub(crate) fn render(snapshot: Snapshot) -> pb::PolicySnapshot {
    pb::PolicySnapshot {
        version: snapshot.version,
        keys: snapshot
            .keys
            .into_iter()
            .map(|key| pb::PolicyKey {
                kid: key.kid,
                algorithm: "EdDSA".into(),
                public_key: key.key.to_vec().into(),
            })
            .collect(),
        principals: snapshot.principals.into_iter().map(principal).collect(),
        roles: snapshot
            .roles
            .into_iter()
            .map(|role| pb::PolicyRole {
                name: role.name,
                permissions: role.permissions,
                tenant_id: role.tenant.map(|id| id.to_string()).unwrap_or_default(),
            })
            .collect(),
        tokens: snapshot
            .tokens
            .into_iter()
            .map(|token| pb::PolicyToken {
                id: token.id.to_string(),
                secret_hash: token.secret_hash.to_vec().into(),
                principal_id: token.principal.to_string(),
                expire_time: optional_time(token.expires),
                permissions: token.permissions,
            })
            .collect(),
        revoked_session_ids: snapshot
            .revoked_sessions
            .iter()
            .map(ToString::to_string)
            .collect(),
        row_filters: snapshot
            .row_filters
            .into_iter()
            .map(|filter| pb::PolicyRowFilter {
                entity: filter.entity,
                condition: filter.condition,
            })
            .collect(),
    }
}

fn principal(policy: PrincipalPolicy) -> pb::PolicyPrincipal {
    let kind = match policy.principal.kind {
        PrincipalKind::User => pb::PrincipalKind::User,
        PrincipalKind::Service => pb::PrincipalKind::Service,
    };
    pb::PolicyPrincipal {
        id: policy.principal.id.to_string(),
        tenant_id: policy.principal.tenant.to_string(),
        kind: kind.into(),
        name: policy.principal.name,
        roles: policy.roles,
        disabled: policy.disabled,
        row_filters: policy.row_filters,
    }
}
