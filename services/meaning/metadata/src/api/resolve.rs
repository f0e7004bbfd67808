//! What other services of the installation ask: definitions to calculate with, and whose there are.

use super::{Answer, Api, Ask, answer};
use crate::{
    convert::{self, Resource},
    model::Record,
    store::Asked,
};
use auth::{Caller, Scope};
use error::Error;
use proto_meaning::tessera::metadata::v1;
use std::collections::BTreeMap;

impl Api {
    pub(super) async fn resolve(
        &self,
        ask: Ask<v1::ResolveDefinitionsRequest>,
    ) -> Answer<v1::ResolveDefinitionsResponse> {
        let scope = scope_of(&ask, &ask.get_ref().tenant_id)?;
        let ask = ask.into_inner();
        let asked = if ask.everything {
            Asked::Everything
        } else {
            Asked::Codes {
                metrics: ask.metrics.into_iter().collect(),
                entities: ask.entities.into_iter().collect(),
            }
        };
        let found = self.store.resolve(&scope, asked, ask.known_version).await?;
        answer(v1::ResolveDefinitionsResponse {
            ontology_version: found.version,
            unchanged: found.unchanged,
            entities: rendered(found.entities),
            metrics: rendered(found.metrics),
            relationships: rendered(found.relationships),
            missing_metrics: found.missing_metrics,
            missing_entities: found.missing_entities,
        })
    }

    pub(super) async fn tenants(
        &self,
        ask: Ask<v1::ListOntologyTenantsRequest>,
    ) -> Answer<v1::ListOntologyTenantsResponse> {
        // Whoever acts for a principal sees no other tenant than the principal's.
        let scope = match Caller::of(&ask) {
            Ok(caller) => Scope::system(caller.principal.tenant, "list tenants with definitions"),
            Err(_) => Scope::system_all("list tenants with definitions"),
        };
        let ask = ask.into_inner();
        let size = self.page_size(ask.page_size);
        let page = self.store.ontologies(&scope, size, &ask.page_token).await?;
        let tenant = |(tenant, ontology_version): (value::Id, i64)| v1::OntologyTenant {
            tenant_id: tenant.to_string(),
            ontology_version,
        };
        answer(v1::ListOntologyTenantsResponse {
            tenants: page.items.into_iter().map(tenant).collect(),
            next_page_token: page.next,
        })
    }
}

/// The principal of the call says which tenant; a service on nobody's behalf says it itself.
fn scope_of<T>(request: &Ask<T>, tenant_id: &str) -> Result<Scope, Error> {
    let named = match tenant_id {
        "" => None,
        text => Some(convert::id("tenant_id", text)?),
    };
    let own = Caller::of(request)
        .ok()
        .map(|caller| caller.principal.tenant);
    let tenant = match (own, named) {
        (Some(own), Some(named)) if own != named => {
            let words = "the call is made for a principal of another tenant";
            return Err(Error::invalid_field("tenant_id", "OTHER_TENANT", words));
        }
        (Some(tenant), _) | (None, Some(tenant)) => tenant,
        (None, None) => {
            let words = "a call without a principal names the tenant";
            return Err(Error::invalid_field("tenant_id", "REQUIRED", words));
        }
    };
    Ok(Scope::system(tenant, "resolve definitions for a service"))
}

fn rendered<M: Resource>(records: BTreeMap<String, Record>) -> Vec<M> {
    records.into_values().map(M::render).collect()
}
