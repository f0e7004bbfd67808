//! Calls to others: definitions from `metadata`, states and members from `warehouse`, for whoever calls us.

pub(crate) mod definitions;
pub(crate) mod flights;

use auth::Scope;
use error::Error;
use proto_data::tessera::warehouse::v1::{
    self as warehouse, warehouse_service_client::WarehouseServiceClient,
};
use proto_meaning::tessera::metadata::v1::{
    self as metadata, metadata_service_client::MetadataServiceClient,
};
use rpc::{Channel, Clients};
use std::time::Duration;

/// The reason by which `warehouse` says that a definition is of another version than it knows.
const ONTOLOGY_CHANGED: &str = "ONTOLOGY_CHANGED";
/// The reason by which it says that the table does not follow a definition yet.
const TABLE_BEHIND: &str = "TABLE_BEHIND";
/// What lasts longer than this is told instead of waited for.
const SOON: Duration = Duration::from_secs(1);
/// The largest answer in one message: all definitions of a tenant, or a part of the groups.
const MOST_BYTES: usize = 64 << 20;

/// Clients of the services that are called.
#[derive(Clone)]
pub(crate) struct Calls {
    metadata: MetadataServiceClient<Channel>,
    warehouse: WarehouseServiceClient<Channel>,
    /// The tenant, where no principal is there to tell it.
    tenant: String,
}

/// The tenant of work that nobody called for; empty where the call's principal tells it.
fn named_tenant(scope: &Scope) -> String {
    match scope.caller() {
        Some(_) => String::new(),
        None => scope.tenant().to_string(),
    }
}

impl Calls {
    /// Over the channels that the service declared.
    pub(crate) fn new(clients: &Clients) -> Self {
        let metadata = MetadataServiceClient::new(clients.channel("metadata"));
        let warehouse = WarehouseServiceClient::new(clients.channel("warehouse"));
        Self {
            metadata: metadata.max_decoding_message_size(MOST_BYTES),
            warehouse: warehouse
                .max_decoding_message_size(MOST_BYTES)
                .max_encoding_message_size(MOST_BYTES),
            tenant: String::new(),
        }
    }

    /// The same calls for whoever a scope is of.
    pub(crate) fn for_scope(&self, scope: &Scope) -> Self {
        Self {
            tenant: named_tenant(scope),
            ..self.clone()
        }
    }

    /// Definitions with all that they use.
    pub(crate) async fn resolve(
        &self,
        ask: metadata::ResolveDefinitionsRequest,
    ) -> Result<metadata::ResolveDefinitionsResponse, Error> {
        let answer = self.metadata.clone().resolve_definitions(ask).await?;
        Ok(answer.into_inner())
    }

    /// Hands each part of the answer to `each`, as it comes.
    pub(crate) async fn execute(
        &self,
        mut ask: warehouse::ExecuteFragmentsRequest,
        mut each: impl FnMut(warehouse::ExecuteFragmentsResponse) -> Result<(), Error>,
    ) -> Result<(), Error> {
        ask.tenant_id.clone_from(&self.tenant);
        let answer = self.warehouse.clone().execute_fragments(ask).await?;
        let mut parts = answer.into_inner();
        while let Some(part) = parts.message().await? {
            each(part)?;
        }
        Ok(())
    }

    /// Versions of the rows of entities, in order.
    pub(crate) async fn data_versions(&self, entities: Vec<String>) -> Result<Vec<i64>, Error> {
        if entities.is_empty() {
            return Ok(Vec::new());
        }
        let ask = warehouse::GetDataVersionsRequest {
            entities,
            tenant_id: self.tenant.clone(),
        };
        let answer = self.warehouse.clone().get_data_versions(ask).await?;
        Ok(answer.into_inner().data_versions)
    }

    /// A page of the members of a set.
    pub(crate) async fn members(
        &self,
        ask: warehouse::ListSetMembersRequest,
    ) -> Result<warehouse::ListSetMembersResponse, Error> {
        let answer = self.warehouse.clone().list_set_members(ask).await?;
        Ok(answer.into_inner())
    }
}

/// Whether definitions changed between reading them and using them.
pub(crate) fn ontology_changed(error: &Error) -> bool {
    error.reason() == ONTOLOGY_CHANGED
}

/// How long to wait where a table is just being brought in line with the definition that a plan was made from.
pub(crate) fn behind(error: &Error) -> Option<Duration> {
    let pause = error.retry_after().filter(|pause| *pause <= SOON)?;
    (error.reason() == TABLE_BEHIND).then_some(pause)
}
