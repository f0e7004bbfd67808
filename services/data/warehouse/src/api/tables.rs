//! Tables: what there is, what would be done, what is wrong.

use super::{Answer, Api, Ask};
use crate::{
    convert::tables as convert,
    model::{ddl::Dialect, script},
    store::{
        drift::{Check, DriftQuery},
        tables::ListQuery,
    },
};
use auth::Scope;
use proto_data::tessera::warehouse::v1::*;
use tonic::Response;

impl Api {
    /// The contract allows 0 to 1000; 0 is our own choice.
    pub(super) fn rows_of_page(&self, asked: i32) -> u16 {
        u16::try_from(asked)
            .ok()
            .filter(|size| *size > 0)
            .unwrap_or(self.config.page_size)
    }
}

pub(super) async fn get_table(api: &Api, ask: Ask<GetTableRequest>) -> Answer<Table> {
    let scope = Scope::of(&ask)?;
    let entity = ask.into_inner().entity;
    let tables = &api.store.tables;
    let shape = tables.current(&scope, &entity).await?;
    Ok(Response::new(convert::table(&shape)))
}

pub(super) async fn list_tables(
    api: &Api,
    ask: Ask<ListTablesRequest>,
) -> Answer<ListTablesResponse> {
    let scope = Scope::of(&ask)?;
    let ask = ask.into_inner();
    let (order, descending) = convert::table_order(&ask.order_by);
    let query = ListQuery {
        state: convert::table_state(ask.state()),
        order,
        descending,
        size: api.rows_of_page(ask.page_size),
        entity_prefix: ask.entity_prefix,
        token: ask.page_token,
    };
    let page = api.store.tables.list(&scope, query).await?;
    Ok(Response::new(ListTablesResponse {
        tables: page.items.iter().map(convert::table).collect(),
        next_page_token: page.next,
    }))
}

pub(super) async fn batch_get_tables(
    api: &Api,
    ask: Ask<BatchGetTablesRequest>,
) -> Answer<BatchGetTablesResponse> {
    let scope = Scope::of(&ask)?;
    let codes = ask.into_inner().entities;
    let (found, missing_entities) = api.store.tables.batch(&scope, codes).await?;
    Ok(Response::new(BatchGetTablesResponse {
        tables: found.iter().map(convert::table).collect(),
        missing_entities,
    }))
}

pub(super) async fn list_chunks(
    api: &Api,
    ask: Ask<ListChunksRequest>,
) -> Answer<ListChunksResponse> {
    let scope = Scope::of(&ask)?;
    let ask = ask.into_inner();
    let size = api.rows_of_page(ask.page_size);
    let tables = &api.store.tables;
    let page = tables
        .chunks(&scope, &ask.entity, size, &ask.page_token)
        .await?;
    let chunk = |chunk| convert::chunk(&ask.entity, chunk);
    Ok(Response::new(ListChunksResponse {
        chunks: page.items.iter().map(chunk).collect(),
        next_page_token: page.next,
    }))
}

pub(super) async fn plan_table(api: &Api, ask: Ask<PlanTableRequest>) -> Answer<PlanTableResponse> {
    let scope = Scope::of(&ask)?;
    let entity = ask.into_inner().entity;
    let plan = api.store.tables.plan(&scope, &entity).await?;
    Ok(Response::new(convert::plan(&plan)))
}

pub(super) async fn apply_table(api: &Api, ask: Ask<ApplyTableRequest>) -> Answer<Table> {
    let scope = Scope::of(&ask)?;
    let entity = ask.into_inner().entity;
    let shape = api.store.tables.apply(&scope, &entity).await?;
    Ok(Response::new(convert::table(&shape)))
}

pub(super) async fn generate_schema(
    api: &Api,
    ask: Ask<GenerateSchemaRequest>,
) -> Answer<GenerateSchemaResponse> {
    let scope = Scope::of(&ask)?;
    let ask = ask.into_inner();
    let tables = &api.store.tables;
    let target = match ask.dialect() {
        SchemaDialect::Sqlite => script::Target::Sqlite,
        SchemaDialect::Postgres => script::Target::Postgres,
        SchemaDialect::Timescaledb => script::Target::Timescale,
        SchemaDialect::Unspecified => match tables.dialect() {
            Dialect::Sqlite => script::Target::Sqlite,
            Dialect::Postgres => script::Target::Postgres,
        },
    };
    let definition = tables.definition(&scope, &ask.entity).await?;
    let script = script::script(&definition, scope.tenant(), tables.chunk_interval(), target);
    Ok(Response::new(GenerateSchemaResponse {
        sql: script.sql,
        table: script.table,
    }))
}

pub(super) async fn check_tables(
    api: &Api,
    ask: Ask<CheckTablesRequest>,
) -> Answer<CheckTablesResponse> {
    let scope = Scope::of(&ask)?;
    let ask = ask.into_inner();
    let check = Check {
        repair: ask.repair,
        count: i64::MAX,
    };
    let tables = &api.store.tables;
    let (drifts, checked) = tables.check(&scope, &ask.entities, check).await?;
    Ok(Response::new(CheckTablesResponse {
        drifts: drifts.iter().map(convert::drift).collect(),
        checked: i32::try_from(checked).unwrap_or(i32::MAX),
    }))
}

pub(super) async fn list_drifts(
    api: &Api,
    ask: Ask<ListDriftsRequest>,
) -> Answer<ListDriftsResponse> {
    let scope = Scope::of(&ask)?;
    let ask = ask.into_inner();
    let query = DriftQuery {
        state: convert::drift_state(ask.state()),
        size: api.rows_of_page(ask.page_size),
        entity: ask.entity,
        token: ask.page_token,
    };
    let page = api.store.tables.drifts(&scope, query).await?;
    Ok(Response::new(ListDriftsResponse {
        drifts: page.items.iter().map(convert::drift).collect(),
        next_page_token: page.next,
    }))
}
