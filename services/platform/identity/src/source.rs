//! The policy for this process's authority, read from the tables.

use std::time::Duration;

use auth::{PolicySource, Scope, Snapshot};
use error::Error;
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::convert::policy;
use crate::keyring::LEEWAY;
use crate::store::Store;

/// Reads the policy, or that it has not changed.
#[derive(Clone)]
pub(crate) struct Source {
    store: Store,
    /// How long a revoked session is named: until no verifier takes its access tokens any more.
    named: Duration,
}

impl Source {
    /// A source over the tables; access tokens live for `access_life`.
    pub(crate) fn new(store: Store, access_life: Duration) -> Self {
        Self {
            store,
            named: access_life + LEEWAY,
        }
    }
}

impl PolicySource for Source {
    fn fetch(&self, known_version: u64) -> BoxFuture<'_, Result<Option<Snapshot>, Error>> {
        async move {
            let scope = Scope::system_all("publish the policy");
            let rows = self
                .store
                .policy_read(&scope, known_version, self.named)
                .await?;
            Ok(rows.map(policy::snapshot))
        }
        .boxed()
    }
}
