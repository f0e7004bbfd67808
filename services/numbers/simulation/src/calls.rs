//! What simulation asks of others: definitions of `metadata`, with the caller's token, and of `warehouse` to write rows and to take
//! them away again.

use crate::{convert, model::ontology::Ontology, model::run::Run};
use error::{Error, Result};
use proto_data::tessera::warehouse::v1::{
    LoadRecordsRequest, UnloadRecordsRequest, WriteRecordsResponse,
    warehouse_service_client::WarehouseServiceClient,
};
use proto_meaning::tessera::metadata::v1::{
    ImportOntologyRequest, ImportResult, ResolveDefinitionsRequest,
    metadata_service_client::MetadataServiceClient,
};
use rpc::Channel;
use std::{collections::BTreeSet, time::Duration};
use tonic::Request;

/// Asks `metadata`, inside a call.
#[derive(Clone)]
pub(crate) struct Metadata(Channel);

impl Metadata {
    /// Asks over this channel.
    pub(crate) fn new(channel: Channel) -> Self {
        Self(channel)
    }

    /// What there is of these entities and metrics.
    pub(crate) async fn resolve(
        &self,
        entities: &BTreeSet<String>,
        metrics: &BTreeSet<String>,
    ) -> Result<Ontology> {
        let ask = ResolveDefinitionsRequest {
            entities: entities.iter().cloned().collect(),
            metrics: metrics.iter().cloned().collect(),
            ..Default::default()
        };
        let mut client =
            MetadataServiceClient::new(self.0.clone()).max_decoding_message_size(16 << 20);
        let found = client.resolve_definitions(ask).await.map_err(Error::from)?;
        Ok(convert::definition::ontology(found.into_inner()))
    }

    /// Brings definitions in, or says what that would do.
    pub(crate) async fn import(&self, yaml: String, dry_run: bool) -> Result<Vec<ImportResult>> {
        let ask = ImportOntologyRequest {
            yaml,
            dry_run,
            ..Default::default()
        };
        let mut client = MetadataServiceClient::new(self.0.clone());
        let done = client.import_ontology(ask).await.map_err(Error::from)?;
        Ok(done.into_inner().results)
    }
}

/// Asks `warehouse`.
#[derive(Clone)]
pub(crate) struct Warehouse(Channel);

impl Warehouse {
    /// Asks over this channel.
    pub(crate) fn new(channel: Channel) -> Self {
        Self(channel)
    }

    /// Writes a batch; what takes longer than `limit` is given up.
    pub(crate) async fn load(
        &self,
        batch: LoadRecordsRequest,
        limit: Duration,
    ) -> Result<WriteRecordsResponse> {
        let mut ask = Request::new(batch);
        ask.set_timeout(limit);
        let mut client = WarehouseServiceClient::new(self.0.clone());
        let done = client.load_records(ask).await.map_err(Error::from)?;
        Ok(done.into_inner())
    }

    /// Takes away the rows of an entity that a run wrote and nobody changed since; how many there were.
    pub(crate) async fn unload(&self, run: &Run, entity: &str) -> Result<u64> {
        let ask = UnloadRecordsRequest {
            tenant_id: run.tenant.to_string(),
            entity: entity.to_owned(),
            source: run.source(),
        };
        let mut client = WarehouseServiceClient::new(self.0.clone());
        let done = client.unload_records(ask).await.map_err(Error::from)?;
        Ok(u64::try_from(done.into_inner().deleted).unwrap_or(0))
    }
}
