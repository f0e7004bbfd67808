//! The contract's methods. Each opens the request (scope and message) and hands it to what all kinds share in
//! `api/resource.rs`, or to `api/history.rs` and `api/ontology.rs`.

mod access;
mod findings;
mod history;
mod ontology;
mod resolve;
mod resource;

use crate::{config::Config, store::Store};
use auth::Scope;
use error::Error;
use proto_meaning::tessera::metadata::v1::{metadata_service_server::MetadataService, *};
use tonic::{Request, Response, Status};

/// The service behind the contract.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) config: Config,
    pub(crate) store: Store,
}

type Ask<T> = Request<T>;
type Answer<T> = Result<Response<T>, Status>;

/// The right that was granted, and what is asked for.
fn open<T>(request: Ask<T>) -> Result<(Scope, T), Error> {
    Ok((Scope::of(&request)?, request.into_inner()))
}

fn answer<T>(message: T) -> Answer<T> {
    Ok(Response::new(message))
}

/// The contract, of which every kind has the same seven methods under its own names. Entities delete by a method of their
/// own, which knows force.
macro_rules! contract {
    (
        kinds { $(
            $message:ident $field:ident $fields:ident:
                $get:ident($get_ask:ident)
                $list:ident($list_ask:ident -> $listed:ident)
                $batch:ident($batch_ask:ident -> $batched:ident)
                $create:ident($create_ask:ident)
                $update:ident($update_ask:ident)
                $undelete:ident($undelete_ask:ident)
                $($delete:ident($delete_ask:ident))?;
        )+ }
        $($others:tt)*
    ) => {
        #[tonic::async_trait]
        impl MetadataService for Api {
            $(
                async fn $get(&self, ask: Ask<$get_ask>) -> Answer<$message> {
                    let (scope, ask) = open(ask)?;
                    self.get(&scope, &ask.id, &ask.code).await
                }
                async fn $list(&self, ask: Ask<$list_ask>) -> Answer<$listed> {
                    let (scope, ask) = open(ask)?;
                    let order = (ask.order_by, ask.page_size, ask.page_token);
                    let page = self.list(&scope, ask.filter, order).await?;
                    answer($listed { $fields: page.items, next_page_token: page.next })
                }
                async fn $batch(&self, ask: Ask<$batch_ask>) -> Answer<$batched> {
                    let (scope, ask) = open(ask)?;
                    let ($fields, missing_ids) = self.batch_get(&scope, &ask.ids).await?;
                    answer($batched { $fields, missing_ids })
                }
                async fn $create(&self, ask: Ask<$create_ask>) -> Answer<$message> {
                    let (scope, ask) = open(ask)?;
                    self.create(&scope, ask.$field, ask.request_id).await
                }
                async fn $update(&self, ask: Ask<$update_ask>) -> Answer<$message> {
                    let (scope, ask) = open(ask)?;
                    self.update(&scope, ask.$field, ask.update_mask).await
                }
                async fn $undelete(&self, ask: Ask<$undelete_ask>) -> Answer<$message> {
                    let (scope, ask) = open(ask)?;
                    self.undelete(&scope, &ask.id, ask.etag).await
                }
                $(async fn $delete(&self, ask: Ask<$delete_ask>) -> Answer<$message> {
                    let (scope, ask) = open(ask)?;
                    self.delete(&scope, &ask.id, ask.etag, false).await
                })?
            )+
            $($others)*
        }
    };
}

contract! {
    kinds {
        ValueChainPattern value_chain_pattern value_chain_patterns:
            get_value_chain_pattern(GetValueChainPatternRequest)
            list_value_chain_patterns(ListValueChainPatternsRequest -> ListValueChainPatternsResponse)
            batch_get_value_chain_patterns(BatchGetValueChainPatternsRequest -> BatchGetValueChainPatternsResponse)
            create_value_chain_pattern(CreateValueChainPatternRequest)
            update_value_chain_pattern(UpdateValueChainPatternRequest)
            undelete_value_chain_pattern(UndeleteValueChainPatternRequest)
            delete_value_chain_pattern(DeleteValueChainPatternRequest);
        ValueChain value_chain value_chains:
            get_value_chain(GetValueChainRequest)
            list_value_chains(ListValueChainsRequest -> ListValueChainsResponse)
            batch_get_value_chains(BatchGetValueChainsRequest -> BatchGetValueChainsResponse)
            create_value_chain(CreateValueChainRequest)
            update_value_chain(UpdateValueChainRequest)
            undelete_value_chain(UndeleteValueChainRequest)
            delete_value_chain(DeleteValueChainRequest);
        Entity entity entities:
            get_entity(GetEntityRequest)
            list_entities(ListEntitiesRequest -> ListEntitiesResponse)
            batch_get_entities(BatchGetEntitiesRequest -> BatchGetEntitiesResponse)
            create_entity(CreateEntityRequest)
            update_entity(UpdateEntityRequest)
            undelete_entity(UndeleteEntityRequest);
        Relationship relationship relationships:
            get_relationship(GetRelationshipRequest)
            list_relationships(ListRelationshipsRequest -> ListRelationshipsResponse)
            batch_get_relationships(BatchGetRelationshipsRequest -> BatchGetRelationshipsResponse)
            create_relationship(CreateRelationshipRequest)
            update_relationship(UpdateRelationshipRequest)
            undelete_relationship(UndeleteRelationshipRequest)
            delete_relationship(DeleteRelationshipRequest);
        DataSource data_source data_sources:
            get_data_source(GetDataSourceRequest)
            list_data_sources(ListDataSourcesRequest -> ListDataSourcesResponse)
            batch_get_data_sources(BatchGetDataSourcesRequest -> BatchGetDataSourcesResponse)
            create_data_source(CreateDataSourceRequest)
            update_data_source(UpdateDataSourceRequest)
            undelete_data_source(UndeleteDataSourceRequest)
            delete_data_source(DeleteDataSourceRequest);
        Metric metric metrics:
            get_metric(GetMetricRequest)
            list_metrics(ListMetricsRequest -> ListMetricsResponse)
            batch_get_metrics(BatchGetMetricsRequest -> BatchGetMetricsResponse)
            create_metric(CreateMetricRequest)
            update_metric(UpdateMetricRequest)
            undelete_metric(UndeleteMetricRequest)
            delete_metric(DeleteMetricRequest);
        Actor actor actors:
            get_actor(GetActorRequest)
            list_actors(ListActorsRequest -> ListActorsResponse)
            batch_get_actors(BatchGetActorsRequest -> BatchGetActorsResponse)
            create_actor(CreateActorRequest)
            update_actor(UpdateActorRequest)
            undelete_actor(UndeleteActorRequest)
            delete_actor(DeleteActorRequest);
        AnalyticsStrategy analytics_strategy analytics_strategies:
            get_analytics_strategy(GetAnalyticsStrategyRequest)
            list_analytics_strategies(ListAnalyticsStrategiesRequest -> ListAnalyticsStrategiesResponse)
            batch_get_analytics_strategies(BatchGetAnalyticsStrategiesRequest -> BatchGetAnalyticsStrategiesResponse)
            create_analytics_strategy(CreateAnalyticsStrategyRequest)
            update_analytics_strategy(UpdateAnalyticsStrategyRequest)
            undelete_analytics_strategy(UndeleteAnalyticsStrategyRequest)
            delete_analytics_strategy(DeleteAnalyticsStrategyRequest);
        AnalyticsUseCase analytics_use_case analytics_use_cases:
            get_analytics_use_case(GetAnalyticsUseCaseRequest)
            list_analytics_use_cases(ListAnalyticsUseCasesRequest -> ListAnalyticsUseCasesResponse)
            batch_get_analytics_use_cases(BatchGetAnalyticsUseCasesRequest -> BatchGetAnalyticsUseCasesResponse)
            create_analytics_use_case(CreateAnalyticsUseCaseRequest)
            update_analytics_use_case(UpdateAnalyticsUseCaseRequest)
            undelete_analytics_use_case(UndeleteAnalyticsUseCaseRequest)
            delete_analytics_use_case(DeleteAnalyticsUseCaseRequest);
    }

    async fn delete_entity(&self, ask: Ask<DeleteEntityRequest>) -> Answer<Entity> {
        let (scope, ask) = open(ask)?;
        self.delete(&scope, &ask.id, ask.etag, ask.force).await
    }
    async fn list_definitions(
        &self,
        ask: Ask<ListDefinitionsRequest>,
    ) -> Answer<ListDefinitionsResponse> {
        let (scope, ask) = open(ask)?;
        self.definitions(&scope, ask).await
    }
    async fn list_versions(&self, ask: Ask<ListVersionsRequest>) -> Answer<ListVersionsResponse> {
        let (scope, ask) = open(ask)?;
        self.versions(&scope, ask).await
    }
    async fn get_version(&self, ask: Ask<GetVersionRequest>) -> Answer<DefinitionVersion> {
        let (scope, ask) = open(ask)?;
        self.version(&scope, ask).await
    }
    async fn diff_versions(&self, ask: Ask<DiffVersionsRequest>) -> Answer<DiffVersionsResponse> {
        let (scope, ask) = open(ask)?;
        self.diff(&scope, ask).await
    }
    async fn restore_version(&self, ask: Ask<RestoreVersionRequest>) -> Answer<Definition> {
        let (scope, ask) = open(ask)?;
        self.restore(&scope, ask).await
    }
    async fn list_dependents(
        &self,
        ask: Ask<ListDependentsRequest>,
    ) -> Answer<ListDependentsResponse> {
        let (scope, ask) = open(ask)?;
        self.dependents(&scope, ask).await
    }
    async fn list_references(
        &self,
        ask: Ask<ListReferencesRequest>,
    ) -> Answer<ListReferencesResponse> {
        let (scope, ask) = open(ask)?;
        self.references(&scope, ask).await
    }
    async fn check_consistency(
        &self,
        ask: Ask<CheckConsistencyRequest>,
    ) -> Answer<CheckConsistencyResponse> {
        let (scope, _) = open(ask)?;
        self.check(&scope).await
    }
    async fn list_findings(&self, ask: Ask<ListFindingsRequest>) -> Answer<ListFindingsResponse> {
        let (scope, ask) = open(ask)?;
        self.found(&scope, ask).await
    }
    async fn export_ontology(
        &self,
        ask: Ask<ExportOntologyRequest>,
    ) -> Answer<ExportOntologyResponse> {
        let (scope, ask) = open(ask)?;
        self.export(&scope, ask).await
    }
    async fn import_ontology(
        &self,
        ask: Ask<ImportOntologyRequest>,
    ) -> Answer<ImportOntologyResponse> {
        let (scope, ask) = open(ask)?;
        self.import(&scope, ask).await
    }
    async fn get_uml(&self, ask: Ask<GetUmlRequest>) -> Answer<GetUmlResponse> {
        let (scope, ask) = open(ask)?;
        self.uml(&scope, ask).await
    }
    async fn resolve_definitions(
        &self,
        ask: Ask<ResolveDefinitionsRequest>,
    ) -> Answer<ResolveDefinitionsResponse> {
        self.resolve(ask).await
    }
    async fn list_ontology_tenants(
        &self,
        ask: Ask<ListOntologyTenantsRequest>,
    ) -> Answer<ListOntologyTenantsResponse> {
        self.tenants(ask).await
    }
}
