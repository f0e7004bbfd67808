//! Tables: what there is, what would be done, what is wrong.

use super::{Answer, Api, Ask, viewer};
use crate::{
    convert::tables as convert,
    model::{ddl::Dialect, script},
    reasons,
    store::{
        drift::{Check, DriftQuery},
        tables::{ListQuery, TableOrder},
    },
};
use auth::{RowFilters, Scope};
use error::Error;
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

/// A table as those see it to whom row filters hide rows of it: how many it has and how often they change is not told.
fn shown(mut table: Table, filters: &RowFilters) -> Table {
    if filters.of(&table.entity).is_some() {
        (table.rows, table.data_version) = (0, 0);
    }
    table
}

/// A finding without the numbers of rows that row filters hide.
fn shown_drift(mut drift: Drift, filters: &RowFilters) -> Drift {
    if filters.of(&drift.entity).is_none() {
        return drift;
    }
    if drift.kind() == DriftKind::WrongCount {
        "chunks count other rows than they have".clone_into(&mut drift.description);
    }
    drift.loss.retain(|c| !c.is_ascii_digit());
    drift.loss = drift.loss.trim().to_owned();
    drift
}

/// Refuses what tells of rows that row filters hide.
fn hidden(what: &str) -> Error {
    let words = format!("{what} tells of rows that the row filters of the caller hide");
    Error::new(&reasons::ROW_FILTER, words)
}

pub(super) async fn get_table(api: &Api, ask: Ask<GetTableRequest>) -> Answer<Table> {
    let viewer = viewer::of(api, &ask)?;
    let entity = ask.into_inner().entity;
    let tables = &api.store.tables;
    let shape = tables.current(&viewer.scope, &entity).await?;
    let mut table = shown(convert::table(&shape), &viewer.filters);
    if viewer.filters.of(&entity).is_some() {
        table.rows = tables.visible_rows(&viewer, &shape).await?;
    }
    Ok(Response::new(table))
}

pub(super) async fn list_tables(
    api: &Api,
    ask: Ask<ListTablesRequest>,
) -> Answer<ListTablesResponse> {
    let scope = Scope::of(&ask)?;
    let ask = ask.into_inner();
    let (order, descending) = convert::table_order(&ask.order_by);
    let filters = scope.row_filters();
    if order == TableOrder::Rows && !filters.is_empty() {
        return Err(hidden("the order by `rows`").into());
    }
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
        tables: page
            .items
            .iter()
            .map(|shape| shown(convert::table(shape), &filters))
            .collect(),
        next_page_token: page.next,
    }))
}

pub(super) async fn batch_get_tables(
    api: &Api,
    ask: Ask<BatchGetTablesRequest>,
) -> Answer<BatchGetTablesResponse> {
    let scope = Scope::of(&ask)?;
    let filters = scope.row_filters();
    let codes = ask.into_inner().entities;
    let (found, missing_entities) = api.store.tables.batch(&scope, codes).await?;
    Ok(Response::new(BatchGetTablesResponse {
        tables: found
            .iter()
            .map(|shape| shown(convert::table(shape), &filters))
            .collect(),
        missing_entities,
    }))
}

pub(super) async fn list_chunks(
    api: &Api,
    ask: Ask<ListChunksRequest>,
) -> Answer<ListChunksResponse> {
    let scope = Scope::of(&ask)?;
    let ask = ask.into_inner();
    if scope.row_filters().of(&ask.entity).is_some() {
        return Err(hidden("the list of chunks").into());
    }
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
    let filters = scope.row_filters();
    let check = Check {
        repair: ask.repair,
        accept_loss: ask.accept_loss,
        count: i64::MAX,
    };
    let tables = &api.store.tables;
    let (drifts, checked) = tables.check(&scope, &ask.entities, check).await?;
    Ok(Response::new(CheckTablesResponse {
        drifts: drifts
            .iter()
            .map(|drift| shown_drift(convert::drift(drift), &filters))
            .collect(),
        checked: i32::try_from(checked).unwrap_or(i32::MAX),
    }))
}

pub(super) async fn list_drifts(
    api: &Api,
    ask: Ask<ListDriftsRequest>,
) -> Answer<ListDriftsResponse> {
    let scope = Scope::of(&ask)?;
    let ask = ask.into_inner();
    let filters = scope.row_filters();
    let query = DriftQuery {
        state: convert::drift_state(ask.state()),
        size: api.rows_of_page(ask.page_size),
        entity: ask.entity,
        token: ask.page_token,
    };
    let page = api.store.tables.drifts(&scope, query).await?;
    Ok(Response::new(ListDriftsResponse {
        drifts: page
            .items
            .iter()
            .map(|drift| shown_drift(convert::drift(drift), &filters))
            .collect(),
        next_page_token: page.next,
    }))
}
