//! The policy for processes without identity: from identity's internal RPC.

use auth::{
    PolicySource, Principal, PrincipalKind, PrincipalPolicy, PublicKey, RolePolicy,
    RowFilterPolicy, Snapshot, TokenPolicy,
};
use error::{Error, Result};
use futures::future::BoxFuture;
use proto_platform::tessera::identity::v1 as pb;
use proto_platform::tessera::identity::v1::identity_service_client::IdentityServiceClient;
use rpc::Channel;
use value::Id;

/// The largest policy that is taken: some millions of principals.
const LARGEST: usize = 512 << 20;

/// Asks identity, wherever it runs.
pub(crate) struct RemotePolicy(pub(crate) Channel);

impl PolicySource for RemotePolicy {
    fn fetch(&self, known_version: u64) -> BoxFuture<'_, Result<Option<Snapshot>>> {
        let mut client =
            IdentityServiceClient::new(self.0.clone()).max_decoding_message_size(LARGEST);
        Box::pin(async move {
            let request = pb::GetPolicySnapshotRequest { known_version };
            let answer = client.get_policy_snapshot(request).await?.into_inner();
            answer.snapshot.map(snapshot).transpose()
        })
    }
}

fn snapshot(from: pb::PolicySnapshot) -> Result<Snapshot> {
    Ok(Snapshot {
        version: from.version,
        keys: from
            .keys
            .into_iter()
            .map(|key| {
                Ok(PublicKey {
                    kid: key.kid,
                    key: bytes32(&key.public_key)?,
                })
            })
            .collect::<Result<_>>()?,
        principals: from
            .principals
            .into_iter()
            .map(principal)
            .collect::<Result<_>>()?,
        roles: from.roles.into_iter().map(role).collect::<Result<_>>()?,
        tokens: from.tokens.into_iter().map(token).collect::<Result<_>>()?,
        revoked_sessions: from
            .revoked_session_ids
            .iter()
            .map(|text| id(text))
            .collect::<Result<_>>()?,
        row_filters: from
            .row_filters
            .into_iter()
            .map(|filter| RowFilterPolicy {
                entity: filter.entity,
                condition: filter.condition,
            })
            .collect(),
    })
}

fn principal(from: pb::PolicyPrincipal) -> Result<PrincipalPolicy> {
    let kind = match from.kind() {
        pb::PrincipalKind::User => PrincipalKind::User,
        pb::PrincipalKind::Service => PrincipalKind::Service,
        pb::PrincipalKind::Unspecified => {
            return Err(Error::internal("a principal of the policy has no kind"));
        }
    };
    Ok(PrincipalPolicy {
        principal: Principal {
            id: id(&from.id)?,
            tenant: id(&from.tenant_id)?,
            kind,
            name: from.name,
        },
        roles: from.roles,
        disabled: from.disabled,
        row_filters: from.row_filters,
    })
}

fn role(from: pb::PolicyRole) -> Result<RolePolicy> {
    let tenant = (!from.tenant_id.is_empty()).then(|| id(&from.tenant_id));
    Ok(RolePolicy {
        tenant: tenant.transpose()?,
        name: from.name,
        permissions: from.permissions,
    })
}

fn token(from: pb::PolicyToken) -> Result<TokenPolicy> {
    let expires = from.expire_time.as_ref().map(|time| {
        proto::time::from_proto(time)
            .ok_or_else(|| Error::internal("a token of the policy has no valid end"))
    });
    Ok(TokenPolicy {
        id: id(&from.id)?,
        secret_hash: bytes32(&from.secret_hash)?,
        principal: id(&from.principal_id)?,
        expires: expires.transpose()?,
        permissions: from.permissions,
    })
}

fn id(text: &str) -> Result<Id> {
    text.parse()
        .map_err(|_| Error::internal("an id of the policy is no UUID"))
}

fn bytes32(bytes: &[u8]) -> Result<[u8; 32]> {
    bytes
        .try_into()
        .map_err(|_| Error::internal("a key of the policy has not 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What identity sends narrows here what it narrows there.
    #[test]
    fn row_filters_arrive_with_the_principals_they_narrow() {
        let filter = |condition: &str| pb::PolicyRowFilter {
            entity: "policy".into(),
            condition: condition.into(),
        };
        let sent = pb::PolicySnapshot {
            version: 7,
            principals: vec![pb::PolicyPrincipal {
                id: Id::new().to_string(),
                tenant_id: Id::new().to_string(),
                kind: pb::PrincipalKind::User.into(),
                row_filters: vec![1],
                ..pb::PolicyPrincipal::default()
            }],
            row_filters: vec![filter("region = 'North'"), filter("region = 'South'")],
            ..pb::PolicySnapshot::default()
        };
        let taken = snapshot(sent).expect("a sound policy");
        assert_eq!(taken.principals[0].row_filters, [1]);
        let conditions = taken.row_filters.iter().map(|it| it.condition.as_str());
        assert!(conditions.eq(["region = 'North'", "region = 'South'"]));
        assert_eq!(taken.row_filters[1].entity, "policy");
    }
}
