//! What warehouse asks of `metadata`: definitions of entities, and which tenants have any.

use crate::{convert, model::definition::Definition};
use error::{Error, Result};
use proto_meaning::tessera::metadata::v1::{
    ListOntologyTenantsRequest, ResolveDefinitionsRequest,
    metadata_service_client::MetadataServiceClient,
};
use rpc::Channel;
use value::Id;

/// Asks `metadata`.
#[derive(Clone)]
pub(crate) struct Metadata(Channel);

/// Definitions as of one moment.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) ontology_version: i64,
    pub(crate) definitions: Vec<Definition>,
}

impl Metadata {
    /// Asks over this channel.
    pub(crate) fn new(channel: Channel) -> Self {
        Self(channel)
    }

    fn client(&self) -> MetadataServiceClient<Channel> {
        // A tenant's whole ontology is larger than the usual answer.
        MetadataServiceClient::new(self.0.clone()).max_decoding_message_size(64 << 20)
    }

    /// The live entities of these codes; `None` where nothing changed since `known_version`.
    pub(crate) async fn resolve(
        &self,
        tenant: Id,
        entities: &[&str],
        known_version: i64,
    ) -> Result<Option<Resolved>> {
        let ask = ResolveDefinitionsRequest {
            tenant_id: tenant.to_string(),
            entities: entities.iter().map(|code| (*code).to_owned()).collect(),
            known_version,
            ..Default::default()
        };
        self.ask(ask).await
    }

    /// Every live entity of a tenant.
    pub(crate) async fn resolve_all(&self, tenant: Id) -> Result<Resolved> {
        let ask = ResolveDefinitionsRequest {
            tenant_id: tenant.to_string(),
            everything: true,
            ..Default::default()
        };
        let answer = self.ask(ask).await?;
        answer.ok_or_else(|| Error::internal("metadata says `unchanged` to who knew nothing"))
    }

    async fn ask(&self, ask: ResolveDefinitionsRequest) -> Result<Option<Resolved>> {
        let answer = self.client().resolve_definitions(ask).await?.into_inner();
        if answer.unchanged {
            return Ok(None);
        }
        let definitions = answer.entities.into_iter().map(convert::tables::definition);
        Ok(Some(Resolved {
            ontology_version: answer.ontology_version,
            definitions: definitions.collect::<Result<_>>()?,
        }))
    }

    /// The tenants that have definitions, each with the version of its ontology.
    pub(crate) async fn tenants(&self) -> Result<Vec<(Id, i64)>> {
        let mut tenants = Vec::new();
        let mut page_token = String::new();
        loop {
            let ask = ListOntologyTenantsRequest {
                page_size: 1000,
                page_token,
            };
            let page = self.client().list_ontology_tenants(ask).await?.into_inner();
            for tenant in page.tenants {
                let id = tenant.tenant_id.parse().map_err(Error::internal)?;
                tenants.push((id, tenant.ontology_version));
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(tenants);
            }
        }
    }
}
