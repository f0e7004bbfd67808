//! What the background check found.

use super::{Answer, Api, access::readable, answer};
use crate::{
    convert::{finding, ontology},
    store::FindingQuery,
};
use auth::Scope;
use proto_meaning::tessera::metadata::v1;

impl Api {
    pub(super) async fn found(
        &self,
        scope: &Scope,
        ask: v1::ListFindingsRequest,
    ) -> Answer<v1::ListFindingsResponse> {
        let query = FindingQuery {
            kinds: readable(scope, ontology::kinds(&ask.kinds))?,
            state: finding::state(ask.state()),
            reason: ask.reason,
            size: self.page_size(ask.page_size),
            token: ask.page_token,
        };
        let page = self.store.kept_findings(scope, query).await?;
        let page = page.map(finding::render);
        answer(v1::ListFindingsResponse {
            findings: page.items,
            next_page_token: page.next,
        })
    }
}
