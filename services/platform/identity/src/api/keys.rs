//! Published keys, their rotation, and the policy for other processes.

use auth::{PolicySource, Scope};
use error::{Error, Result, reason};
use pb::{
    GetKeysRequest, GetPolicySnapshotRequest, GetPolicySnapshotResponse, KeySet, RotateKeysRequest,
    RotateKeysResponse,
};
use proto_platform::tessera::identity::v1 as pb;
use tonic::Request;

use super::Api;
use crate::convert::{self, policy, session};

pub(super) async fn get(api: &Api, _: Request<GetKeysRequest>) -> Result<KeySet> {
    let scope = Scope::system_all("publish keys");
    let rows = api.store.keys_published(&scope).await?;
    Ok(KeySet {
        keys: rows.into_iter().map(session::render_key).collect(),
    })
}

pub(super) async fn rotate(
    api: &Api,
    request: Request<RotateKeysRequest>,
) -> Result<RotateKeysResponse> {
    let (caller, _) = api.caller(&request)?;
    // Keys sign for every tenant.
    if caller.principal.tenant != api.default_tenant {
        return Err(Error::new(
            &reason::PERMISSION_DENIED,
            "this is for administrators of the default tenant",
        ));
    }
    Ok(RotateKeysResponse {
        kid: api.keyring.rotate().await?,
    })
}

pub(super) async fn policy_snapshot(
    api: &Api,
    request: Request<GetPolicySnapshotRequest>,
) -> Result<GetPolicySnapshotResponse> {
    // The time before reading: what changes meanwhile is found the next time.
    let as_of = api.clock.now();
    let known = request.get_ref().known_version;
    let snapshot = api.source.fetch(known).await?;
    Ok(GetPolicySnapshotResponse {
        snapshot: snapshot.map(policy::render),
        as_of_time: convert::time(as_of),
    })
}
