//! The history of definitions of any kind.

use super::{Answer, Api, answer};
use crate::{
    convert::{self, history},
    model::diff::diff,
    store::Target,
};
use auth::Scope;
use proto_meaning::tessera::metadata::v1;
use serde_json::json;

impl Api {
    pub(super) async fn versions(
        &self,
        scope: &Scope,
        ask: v1::ListVersionsRequest,
    ) -> Answer<v1::ListVersionsResponse> {
        let id = self.to_read(scope, &ask.id).await?;
        let size = self.page_size(ask.page_size);
        let page = self
            .store
            .versions(scope, id, size, &ask.page_token)
            .await?;
        let versions = page.items.iter().map(history::summary).collect();
        answer(v1::ListVersionsResponse {
            versions,
            next_page_token: page.next,
        })
    }

    pub(super) async fn version(
        &self,
        scope: &Scope,
        ask: v1::GetVersionRequest,
    ) -> Answer<v1::DefinitionVersion> {
        let id = self.to_read(scope, &ask.id).await?;
        let version = self.store.version(scope, id, ask.version).await?;
        answer(history::version(version))
    }

    pub(super) async fn diff(
        &self,
        scope: &Scope,
        ask: v1::DiffVersionsRequest,
    ) -> Answer<v1::DiffVersionsResponse> {
        let id = self.to_read(scope, &ask.id).await?;
        let after = self.store.version(scope, id, ask.to_version).await?;
        let before = match ask.from_version {
            0 => json!({}),
            version => self
                .store
                .version(scope, id, version)
                .await?
                .definition
                .document(),
        };
        let changes = diff(&before, &after.definition.document())
            .into_iter()
            .map(history::change)
            .collect();
        let (from_version, to_version) = (ask.from_version, after.version);
        answer(v1::DiffVersionsResponse {
            changes,
            from_version,
            to_version,
        })
    }

    pub(super) async fn restore(
        &self,
        scope: &Scope,
        ask: v1::RestoreVersionRequest,
    ) -> Answer<v1::Definition> {
        let target = Target {
            kind: None,
            id: self.to_write(scope, &ask.id).await?,
            etag: ask.etag,
        };
        let record = self.store.restore(scope, target, ask.version).await?;
        answer(convert::definition(record))
    }
}
