//! The contract's methods. Each opens the request (scope and message) and hands it to what all kinds share in
//! `api/resource.rs`, or to `api/history.rs` and `api/ontology.rs`.

mod access;
mod history;
mod ontology;
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

#[tonic::async_trait]
impl MetadataService for Api {
    async fn get_value_chain_pattern(
        &self,
        ask: Ask<GetValueChainPatternRequest>,
    ) -> Answer<ValueChainPattern> {
        let (scope, ask) = open(ask)?;
        self.get(&scope, &ask.id, &ask.code).await
    }
    async fn list_value_chain_patterns(
        &self,
        ask: Ask<ListValueChainPatternsRequest>,
    ) -> Answer<ListValueChainPatternsResponse> {
        let (scope, ask) = open(ask)?;
        let order = (ask.order_by, ask.page_size, ask.page_token);
        let page = self.list(&scope, ask.filter, order).await?;
        answer(ListValueChainPatternsResponse {
            value_chain_patterns: page.items,
            next_page_token: page.next,
        })
    }
    async fn batch_get_value_chain_patterns(
        &self,
        ask: Ask<BatchGetValueChainPatternsRequest>,
    ) -> Answer<BatchGetValueChainPatternsResponse> {
        let (scope, ask) = open(ask)?;
        let (value_chain_patterns, missing_ids) = self.batch_get(&scope, &ask.ids).await?;
        answer(BatchGetValueChainPatternsResponse {
            value_chain_patterns,
            missing_ids,
        })
    }
    async fn create_value_chain_pattern(
        &self,
        ask: Ask<CreateValueChainPatternRequest>,
    ) -> Answer<ValueChainPattern> {
        let (scope, ask) = open(ask)?;
        self.create(&scope, ask.value_chain_pattern, ask.request_id)
            .await
    }
    async fn update_value_chain_pattern(
        &self,
        ask: Ask<UpdateValueChainPatternRequest>,
    ) -> Answer<ValueChainPattern> {
        let (scope, ask) = open(ask)?;
        self.update(&scope, ask.value_chain_pattern, ask.update_mask)
            .await
    }
    async fn delete_value_chain_pattern(
        &self,
        ask: Ask<DeleteValueChainPatternRequest>,
    ) -> Answer<ValueChainPattern> {
        let (scope, ask) = open(ask)?;
        self.delete(&scope, &ask.id, ask.etag).await
    }
    async fn undelete_value_chain_pattern(
        &self,
        ask: Ask<UndeleteValueChainPatternRequest>,
    ) -> Answer<ValueChainPattern> {
        let (scope, ask) = open(ask)?;
        self.undelete(&scope, &ask.id, ask.etag).await
    }

    async fn get_value_chain(&self, ask: Ask<GetValueChainRequest>) -> Answer<ValueChain> {
        let (scope, ask) = open(ask)?;
        self.get(&scope, &ask.id, &ask.code).await
    }
    async fn list_value_chains(
        &self,
        ask: Ask<ListValueChainsRequest>,
    ) -> Answer<ListValueChainsResponse> {
        let (scope, ask) = open(ask)?;
        let order = (ask.order_by, ask.page_size, ask.page_token);
        let page = self.list(&scope, ask.filter, order).await?;
        answer(ListValueChainsResponse {
            value_chains: page.items,
            next_page_token: page.next,
        })
    }
    async fn batch_get_value_chains(
        &self,
        ask: Ask<BatchGetValueChainsRequest>,
    ) -> Answer<BatchGetValueChainsResponse> {
        let (scope, ask) = open(ask)?;
        let (value_chains, missing_ids) = self.batch_get(&scope, &ask.ids).await?;
        answer(BatchGetValueChainsResponse {
            value_chains,
            missing_ids,
        })
    }
    async fn create_value_chain(&self, ask: Ask<CreateValueChainRequest>) -> Answer<ValueChain> {
        let (scope, ask) = open(ask)?;
        self.create(&scope, ask.value_chain, ask.request_id).await
    }
    async fn update_value_chain(&self, ask: Ask<UpdateValueChainRequest>) -> Answer<ValueChain> {
        let (scope, ask) = open(ask)?;
        self.update(&scope, ask.value_chain, ask.update_mask).await
    }
    async fn delete_value_chain(&self, ask: Ask<DeleteValueChainRequest>) -> Answer<ValueChain> {
        let (scope, ask) = open(ask)?;
        self.delete(&scope, &ask.id, ask.etag).await
    }
    async fn undelete_value_chain(
        &self,
        ask: Ask<UndeleteValueChainRequest>,
    ) -> Answer<ValueChain> {
        let (scope, ask) = open(ask)?;
        self.undelete(&scope, &ask.id, ask.etag).await
    }

    async fn get_entity(&self, ask: Ask<GetEntityRequest>) -> Answer<Entity> {
        let (scope, ask) = open(ask)?;
        self.get(&scope, &ask.id, &ask.code).await
    }
    async fn list_entities(&self, ask: Ask<ListEntitiesRequest>) -> Answer<ListEntitiesResponse> {
        let (scope, ask) = open(ask)?;
        let order = (ask.order_by, ask.page_size, ask.page_token);
        let page = self.list(&scope, ask.filter, order).await?;
        answer(ListEntitiesResponse {
            entities: page.items,
            next_page_token: page.next,
        })
    }
    async fn batch_get_entities(
        &self,
        ask: Ask<BatchGetEntitiesRequest>,
    ) -> Answer<BatchGetEntitiesResponse> {
        let (scope, ask) = open(ask)?;
        let (entities, missing_ids) = self.batch_get(&scope, &ask.ids).await?;
        answer(BatchGetEntitiesResponse {
            entities,
            missing_ids,
        })
    }
    async fn create_entity(&self, ask: Ask<CreateEntityRequest>) -> Answer<Entity> {
        let (scope, ask) = open(ask)?;
        self.create(&scope, ask.entity, ask.request_id).await
    }
    async fn update_entity(&self, ask: Ask<UpdateEntityRequest>) -> Answer<Entity> {
        let (scope, ask) = open(ask)?;
        self.update(&scope, ask.entity, ask.update_mask).await
    }
    async fn delete_entity(&self, ask: Ask<DeleteEntityRequest>) -> Answer<Entity> {
        let (scope, ask) = open(ask)?;
        self.delete(&scope, &ask.id, ask.etag).await
    }
    async fn undelete_entity(&self, ask: Ask<UndeleteEntityRequest>) -> Answer<Entity> {
        let (scope, ask) = open(ask)?;
        self.undelete(&scope, &ask.id, ask.etag).await
    }

    async fn get_relationship(&self, ask: Ask<GetRelationshipRequest>) -> Answer<Relationship> {
        let (scope, ask) = open(ask)?;
        self.get(&scope, &ask.id, &ask.code).await
    }
    async fn list_relationships(
        &self,
        ask: Ask<ListRelationshipsRequest>,
    ) -> Answer<ListRelationshipsResponse> {
        let (scope, ask) = open(ask)?;
        let order = (ask.order_by, ask.page_size, ask.page_token);
        let page = self.list(&scope, ask.filter, order).await?;
        answer(ListRelationshipsResponse {
            relationships: page.items,
            next_page_token: page.next,
        })
    }
    async fn batch_get_relationships(
        &self,
        ask: Ask<BatchGetRelationshipsRequest>,
    ) -> Answer<BatchGetRelationshipsResponse> {
        let (scope, ask) = open(ask)?;
        let (relationships, missing_ids) = self.batch_get(&scope, &ask.ids).await?;
        answer(BatchGetRelationshipsResponse {
            relationships,
            missing_ids,
        })
    }
    async fn create_relationship(
        &self,
        ask: Ask<CreateRelationshipRequest>,
    ) -> Answer<Relationship> {
        let (scope, ask) = open(ask)?;
        self.create(&scope, ask.relationship, ask.request_id).await
    }
    async fn update_relationship(
        &self,
        ask: Ask<UpdateRelationshipRequest>,
    ) -> Answer<Relationship> {
        let (scope, ask) = open(ask)?;
        self.update(&scope, ask.relationship, ask.update_mask).await
    }
    async fn delete_relationship(
        &self,
        ask: Ask<DeleteRelationshipRequest>,
    ) -> Answer<Relationship> {
        let (scope, ask) = open(ask)?;
        self.delete(&scope, &ask.id, ask.etag).await
    }
    async fn undelete_relationship(
        &self,
        ask: Ask<UndeleteRelationshipRequest>,
    ) -> Answer<Relationship> {
        let (scope, ask) = open(ask)?;
        self.undelete(&scope, &ask.id, ask.etag).await
    }

    async fn get_data_source(&self, ask: Ask<GetDataSourceRequest>) -> Answer<DataSource> {
        let (scope, ask) = open(ask)?;
        self.get(&scope, &ask.id, &ask.code).await
    }
    async fn list_data_sources(
        &self,
        ask: Ask<ListDataSourcesRequest>,
    ) -> Answer<ListDataSourcesResponse> {
        let (scope, ask) = open(ask)?;
        let order = (ask.order_by, ask.page_size, ask.page_token);
        let page = self.list(&scope, ask.filter, order).await?;
        answer(ListDataSourcesResponse {
            data_sources: page.items,
            next_page_token: page.next,
        })
    }
    async fn batch_get_data_sources(
        &self,
        ask: Ask<BatchGetDataSourcesRequest>,
    ) -> Answer<BatchGetDataSourcesResponse> {
        let (scope, ask) = open(ask)?;
        let (data_sources, missing_ids) = self.batch_get(&scope, &ask.ids).await?;
        answer(BatchGetDataSourcesResponse {
            data_sources,
            missing_ids,
        })
    }
    async fn create_data_source(&self, ask: Ask<CreateDataSourceRequest>) -> Answer<DataSource> {
        let (scope, ask) = open(ask)?;
        self.create(&scope, ask.data_source, ask.request_id).await
    }
    async fn update_data_source(&self, ask: Ask<UpdateDataSourceRequest>) -> Answer<DataSource> {
        let (scope, ask) = open(ask)?;
        self.update(&scope, ask.data_source, ask.update_mask).await
    }
    async fn delete_data_source(&self, ask: Ask<DeleteDataSourceRequest>) -> Answer<DataSource> {
        let (scope, ask) = open(ask)?;
        self.delete(&scope, &ask.id, ask.etag).await
    }
    async fn undelete_data_source(
        &self,
        ask: Ask<UndeleteDataSourceRequest>,
    ) -> Answer<DataSource> {
        let (scope, ask) = open(ask)?;
        self.undelete(&scope, &ask.id, ask.etag).await
    }

    async fn get_metric(&self, ask: Ask<GetMetricRequest>) -> Answer<Metric> {
        let (scope, ask) = open(ask)?;
        self.get(&scope, &ask.id, &ask.code).await
    }
    async fn list_metrics(&self, ask: Ask<ListMetricsRequest>) -> Answer<ListMetricsResponse> {
        let (scope, ask) = open(ask)?;
        let order = (ask.order_by, ask.page_size, ask.page_token);
        let page = self.list(&scope, ask.filter, order).await?;
        answer(ListMetricsResponse {
            metrics: page.items,
            next_page_token: page.next,
        })
    }
    async fn batch_get_metrics(
        &self,
        ask: Ask<BatchGetMetricsRequest>,
    ) -> Answer<BatchGetMetricsResponse> {
        let (scope, ask) = open(ask)?;
        let (metrics, missing_ids) = self.batch_get(&scope, &ask.ids).await?;
        answer(BatchGetMetricsResponse {
            metrics,
            missing_ids,
        })
    }
    async fn create_metric(&self, ask: Ask<CreateMetricRequest>) -> Answer<Metric> {
        let (scope, ask) = open(ask)?;
        self.create(&scope, ask.metric, ask.request_id).await
    }
    async fn update_metric(&self, ask: Ask<UpdateMetricRequest>) -> Answer<Metric> {
        let (scope, ask) = open(ask)?;
        self.update(&scope, ask.metric, ask.update_mask).await
    }
    async fn delete_metric(&self, ask: Ask<DeleteMetricRequest>) -> Answer<Metric> {
        let (scope, ask) = open(ask)?;
        self.delete(&scope, &ask.id, ask.etag).await
    }
    async fn undelete_metric(&self, ask: Ask<UndeleteMetricRequest>) -> Answer<Metric> {
        let (scope, ask) = open(ask)?;
        self.undelete(&scope, &ask.id, ask.etag).await
    }

    async fn get_actor(&self, ask: Ask<GetActorRequest>) -> Answer<Actor> {
        let (scope, ask) = open(ask)?;
        self.get(&scope, &ask.id, &ask.code).await
    }
    async fn list_actors(&self, ask: Ask<ListActorsRequest>) -> Answer<ListActorsResponse> {
        let (scope, ask) = open(ask)?;
        let order = (ask.order_by, ask.page_size, ask.page_token);
        let page = self.list(&scope, ask.filter, order).await?;
        answer(ListActorsResponse {
            actors: page.items,
            next_page_token: page.next,
        })
    }
    async fn batch_get_actors(
        &self,
        ask: Ask<BatchGetActorsRequest>,
    ) -> Answer<BatchGetActorsResponse> {
        let (scope, ask) = open(ask)?;
        let (actors, missing_ids) = self.batch_get(&scope, &ask.ids).await?;
        answer(BatchGetActorsResponse {
            actors,
            missing_ids,
        })
    }
    async fn create_actor(&self, ask: Ask<CreateActorRequest>) -> Answer<Actor> {
        let (scope, ask) = open(ask)?;
        self.create(&scope, ask.actor, ask.request_id).await
    }
    async fn update_actor(&self, ask: Ask<UpdateActorRequest>) -> Answer<Actor> {
        let (scope, ask) = open(ask)?;
        self.update(&scope, ask.actor, ask.update_mask).await
    }
    async fn delete_actor(&self, ask: Ask<DeleteActorRequest>) -> Answer<Actor> {
        let (scope, ask) = open(ask)?;
        self.delete(&scope, &ask.id, ask.etag).await
    }
    async fn undelete_actor(&self, ask: Ask<UndeleteActorRequest>) -> Answer<Actor> {
        let (scope, ask) = open(ask)?;
        self.undelete(&scope, &ask.id, ask.etag).await
    }

    async fn get_analytics_strategy(
        &self,
        ask: Ask<GetAnalyticsStrategyRequest>,
    ) -> Answer<AnalyticsStrategy> {
        let (scope, ask) = open(ask)?;
        self.get(&scope, &ask.id, &ask.code).await
    }
    async fn list_analytics_strategies(
        &self,
        ask: Ask<ListAnalyticsStrategiesRequest>,
    ) -> Answer<ListAnalyticsStrategiesResponse> {
        let (scope, ask) = open(ask)?;
        let order = (ask.order_by, ask.page_size, ask.page_token);
        let page = self.list(&scope, ask.filter, order).await?;
        answer(ListAnalyticsStrategiesResponse {
            analytics_strategies: page.items,
            next_page_token: page.next,
        })
    }
    async fn batch_get_analytics_strategies(
        &self,
        ask: Ask<BatchGetAnalyticsStrategiesRequest>,
    ) -> Answer<BatchGetAnalyticsStrategiesResponse> {
        let (scope, ask) = open(ask)?;
        let (analytics_strategies, missing_ids) = self.batch_get(&scope, &ask.ids).await?;
        answer(BatchGetAnalyticsStrategiesResponse {
            analytics_strategies,
            missing_ids,
        })
    }
    async fn create_analytics_strategy(
        &self,
        ask: Ask<CreateAnalyticsStrategyRequest>,
    ) -> Answer<AnalyticsStrategy> {
        let (scope, ask) = open(ask)?;
        self.create(&scope, ask.analytics_strategy, ask.request_id)
            .await
    }
    async fn update_analytics_strategy(
        &self,
        ask: Ask<UpdateAnalyticsStrategyRequest>,
    ) -> Answer<AnalyticsStrategy> {
        let (scope, ask) = open(ask)?;
        self.update(&scope, ask.analytics_strategy, ask.update_mask)
            .await
    }
    async fn delete_analytics_strategy(
        &self,
        ask: Ask<DeleteAnalyticsStrategyRequest>,
    ) -> Answer<AnalyticsStrategy> {
        let (scope, ask) = open(ask)?;
        self.delete(&scope, &ask.id, ask.etag).await
    }
    async fn undelete_analytics_strategy(
        &self,
        ask: Ask<UndeleteAnalyticsStrategyRequest>,
    ) -> Answer<AnalyticsStrategy> {
        let (scope, ask) = open(ask)?;
        self.undelete(&scope, &ask.id, ask.etag).await
    }

    async fn get_analytics_use_case(
        &self,
        ask: Ask<GetAnalyticsUseCaseRequest>,
    ) -> Answer<AnalyticsUseCase> {
        let (scope, ask) = open(ask)?;
        self.get(&scope, &ask.id, &ask.code).await
    }
    async fn list_analytics_use_cases(
        &self,
        ask: Ask<ListAnalyticsUseCasesRequest>,
    ) -> Answer<ListAnalyticsUseCasesResponse> {
        let (scope, ask) = open(ask)?;
        let order = (ask.order_by, ask.page_size, ask.page_token);
        let page = self.list(&scope, ask.filter, order).await?;
        answer(ListAnalyticsUseCasesResponse {
            analytics_use_cases: page.items,
            next_page_token: page.next,
        })
    }
    async fn batch_get_analytics_use_cases(
        &self,
        ask: Ask<BatchGetAnalyticsUseCasesRequest>,
    ) -> Answer<BatchGetAnalyticsUseCasesResponse> {
        let (scope, ask) = open(ask)?;
        let (analytics_use_cases, missing_ids) = self.batch_get(&scope, &ask.ids).await?;
        answer(BatchGetAnalyticsUseCasesResponse {
            analytics_use_cases,
            missing_ids,
        })
    }
    async fn create_analytics_use_case(
        &self,
        ask: Ask<CreateAnalyticsUseCaseRequest>,
    ) -> Answer<AnalyticsUseCase> {
        let (scope, ask) = open(ask)?;
        self.create(&scope, ask.analytics_use_case, ask.request_id)
            .await
    }
    async fn update_analytics_use_case(
        &self,
        ask: Ask<UpdateAnalyticsUseCaseRequest>,
    ) -> Answer<AnalyticsUseCase> {
        let (scope, ask) = open(ask)?;
        self.update(&scope, ask.analytics_use_case, ask.update_mask)
            .await
    }
    async fn delete_analytics_use_case(
        &self,
        ask: Ask<DeleteAnalyticsUseCaseRequest>,
    ) -> Answer<AnalyticsUseCase> {
        let (scope, ask) = open(ask)?;
        self.delete(&scope, &ask.id, ask.etag).await
    }
    async fn undelete_analytics_use_case(
        &self,
        ask: Ask<UndeleteAnalyticsUseCaseRequest>,
    ) -> Answer<AnalyticsUseCase> {
        let (scope, ask) = open(ask)?;
        self.undelete(&scope, &ask.id, ask.etag).await
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
}
