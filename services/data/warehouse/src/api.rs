//! The contract's methods, one line each; what they do is in the folder, four steps each: scope, parse, act, render.

mod fragments;
mod query;
mod records;
mod tables;
mod viewer;

use crate::{config::Config, store::Store};
use proto_data::tessera::warehouse::v1::{warehouse_service_server::WarehouseService, *};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Answers the contract's calls.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) store: Store,
    pub(crate) config: Arc<Config>,
}

pub(crate) type Ask<T> = Request<T>;
pub(crate) type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl WarehouseService for Api {
    async fn get_table(&self, ask: Ask<GetTableRequest>) -> Answer<Table> {
        tables::get_table(self, ask).await
    }
    async fn list_tables(&self, ask: Ask<ListTablesRequest>) -> Answer<ListTablesResponse> {
        tables::list_tables(self, ask).await
    }
    async fn batch_get_tables(
        &self,
        ask: Ask<BatchGetTablesRequest>,
    ) -> Answer<BatchGetTablesResponse> {
        tables::batch_get_tables(self, ask).await
    }
    async fn list_chunks(&self, ask: Ask<ListChunksRequest>) -> Answer<ListChunksResponse> {
        tables::list_chunks(self, ask).await
    }
    async fn plan_table(&self, ask: Ask<PlanTableRequest>) -> Answer<PlanTableResponse> {
        tables::plan_table(self, ask).await
    }
    async fn apply_table(&self, ask: Ask<ApplyTableRequest>) -> Answer<Table> {
        tables::apply_table(self, ask).await
    }
    async fn generate_schema(
        &self,
        ask: Ask<GenerateSchemaRequest>,
    ) -> Answer<GenerateSchemaResponse> {
        tables::generate_schema(self, ask).await
    }
    async fn check_tables(&self, ask: Ask<CheckTablesRequest>) -> Answer<CheckTablesResponse> {
        tables::check_tables(self, ask).await
    }
    async fn list_drifts(&self, ask: Ask<ListDriftsRequest>) -> Answer<ListDriftsResponse> {
        tables::list_drifts(self, ask).await
    }
    async fn get_record(&self, ask: Ask<GetRecordRequest>) -> Answer<Record> {
        records::get_record(self, ask).await
    }
    async fn list_records(&self, ask: Ask<ListRecordsRequest>) -> Answer<ListRecordsResponse> {
        records::list_records(self, ask).await
    }
    async fn batch_get_records(
        &self,
        ask: Ask<BatchGetRecordsRequest>,
    ) -> Answer<BatchGetRecordsResponse> {
        records::batch_get_records(self, ask).await
    }
    async fn write_records(&self, ask: Ask<WriteRecordsRequest>) -> Answer<WriteRecordsResponse> {
        records::write_records(self, ask).await
    }
    async fn update_records(
        &self,
        ask: Ask<UpdateRecordsRequest>,
    ) -> Answer<UpdateRecordsResponse> {
        records::update_records(self, ask).await
    }
    async fn delete_records(
        &self,
        ask: Ask<DeleteRecordsRequest>,
    ) -> Answer<DeleteRecordsResponse> {
        records::delete_records(self, ask).await
    }
    async fn load_records(&self, ask: Ask<LoadRecordsRequest>) -> Answer<WriteRecordsResponse> {
        records::load_records(self, ask).await
    }
    async fn unload_records(
        &self,
        ask: Ask<UnloadRecordsRequest>,
    ) -> Answer<UnloadRecordsResponse> {
        records::unload_records(self, ask).await
    }
    async fn execute_query(&self, ask: Ask<ExecuteQueryRequest>) -> Answer<ExecuteQueryResponse> {
        query::execute_query(self, ask).await
    }
    async fn execute_command(
        &self,
        ask: Ask<ExecuteCommandRequest>,
    ) -> Answer<ExecuteCommandResponse> {
        query::execute_command(self, ask).await
    }
    async fn execute_fragments(
        &self,
        ask: Ask<ExecuteFragmentsRequest>,
    ) -> Answer<fragments::Stream> {
        fragments::execute_fragments(self, ask).await
    }
    async fn get_data_versions(
        &self,
        ask: Ask<GetDataVersionsRequest>,
    ) -> Answer<GetDataVersionsResponse> {
        fragments::get_data_versions(self, ask).await
    }
    async fn list_set_members(
        &self,
        ask: Ask<ListSetMembersRequest>,
    ) -> Answer<ListSetMembersResponse> {
        fragments::list_set_members(self, ask).await
    }
}
