//! The seven methods of each kind under one name, so that one test serves all kinds.

use super::Client;
use crate::convert::Resource;
use prost_types::FieldMask;
use proto_meaning::tessera::metadata::v1;
use tonic::Status;

/// A kind of definitions, as a test reaches it.
pub(super) trait Case: Resource + Clone + PartialEq + std::fmt::Debug {
    async fn get(client: &mut Client, id: &str, code: &str) -> Result<Self, Status>;
    async fn list(client: &mut Client, filter: v1::DefinitionFilter) -> Result<Vec<Self>, Status>;
    async fn batch_get(
        client: &mut Client,
        ids: &[&str],
    ) -> Result<(Vec<Self>, Vec<String>), Status>;
    async fn create(client: &mut Client, what: Self, request_id: &str) -> Result<Self, Status>;
    async fn update(client: &mut Client, what: Self, mask: FieldMask) -> Result<Self, Status>;
    async fn delete(client: &mut Client, id: &str, etag: &str) -> Result<Self, Status>;
    async fn undelete(client: &mut Client, id: &str) -> Result<Self, Status>;
    /// The fields that all kinds have: code, name, description.
    fn texts(&mut self) -> [&mut String; 3];
    fn deleted(&self) -> bool;
    /// Without what the server fills.
    fn plain(self) -> Self;
}

macro_rules! case {
    (
        $message:ident $field:ident $fields:ident,
        $get:ident($get_ask:ident) $list:ident($list_ask:ident) $batch:ident($batch_ask:ident)
        $create:ident($create_ask:ident) $update:ident($update_ask:ident)
        $delete:ident($delete_ask:ident) $undelete:ident($undelete_ask:ident)
    ) => {
        #[allow(clippy::needless_update, reason = "some requests have more fields")]
        impl Case for v1::$message {
            async fn get(client: &mut Client, id: &str, code: &str) -> Result<Self, Status> {
                let ask = v1::$get_ask {
                    id: id.to_owned(),
                    code: code.to_owned(),
                };
                Ok(client.$get(ask).await?.into_inner())
            }

            async fn list(
                client: &mut Client,
                filter: v1::DefinitionFilter,
            ) -> Result<Vec<Self>, Status> {
                let ask = v1::$list_ask {
                    filter: Some(filter),
                    page_size: 1000,
                    ..Default::default()
                };
                Ok(client.$list(ask).await?.into_inner().$fields)
            }

            async fn batch_get(
                client: &mut Client,
                ids: &[&str],
            ) -> Result<(Vec<Self>, Vec<String>), Status> {
                let ask = v1::$batch_ask {
                    ids: ids.iter().map(|id| (*id).to_owned()).collect(),
                };
                let found = client.$batch(ask).await?.into_inner();
                Ok((found.$fields, found.missing_ids))
            }

            async fn create(
                client: &mut Client,
                what: Self,
                request_id: &str,
            ) -> Result<Self, Status> {
                let ask = v1::$create_ask {
                    $field: Some(what),
                    request_id: request_id.to_owned(),
                };
                Ok(client.$create(ask).await?.into_inner())
            }

            async fn update(
                client: &mut Client,
                what: Self,
                mask: FieldMask,
            ) -> Result<Self, Status> {
                let ask = v1::$update_ask {
                    $field: Some(what),
                    update_mask: Some(mask),
                };
                Ok(client.$update(ask).await?.into_inner())
            }

            async fn delete(client: &mut Client, id: &str, etag: &str) -> Result<Self, Status> {
                let ask = v1::$delete_ask {
                    id: id.to_owned(),
                    etag: etag.to_owned(),
                    ..Default::default()
                };
                Ok(client.$delete(ask).await?.into_inner())
            }

            async fn undelete(client: &mut Client, id: &str) -> Result<Self, Status> {
                let ask = v1::$undelete_ask {
                    id: id.to_owned(),
                    ..Default::default()
                };
                Ok(client.$undelete(ask).await?.into_inner())
            }

            fn texts(&mut self) -> [&mut String; 3] {
                [&mut self.code, &mut self.name, &mut self.description]
            }

            fn deleted(&self) -> bool {
                self.delete_time.is_some()
            }

            fn plain(self) -> Self {
                Self {
                    id: String::new(),
                    version: 0,
                    etag: String::new(),
                    create_time: None,
                    update_time: None,
                    delete_time: None,
                    ..self
                }
            }
        }
    };
}

case!(
    ValueChainPattern value_chain_pattern value_chain_patterns,
    get_value_chain_pattern(GetValueChainPatternRequest) list_value_chain_patterns(ListValueChainPatternsRequest) batch_get_value_chain_patterns(BatchGetValueChainPatternsRequest)
    create_value_chain_pattern(CreateValueChainPatternRequest) update_value_chain_pattern(UpdateValueChainPatternRequest)
    delete_value_chain_pattern(DeleteValueChainPatternRequest) undelete_value_chain_pattern(UndeleteValueChainPatternRequest)
);
case!(
    ValueChain value_chain value_chains,
    get_value_chain(GetValueChainRequest) list_value_chains(ListValueChainsRequest) batch_get_value_chains(BatchGetValueChainsRequest)
    create_value_chain(CreateValueChainRequest) update_value_chain(UpdateValueChainRequest)
    delete_value_chain(DeleteValueChainRequest) undelete_value_chain(UndeleteValueChainRequest)
);
case!(
    Entity entity entities,
    get_entity(GetEntityRequest) list_entities(ListEntitiesRequest) batch_get_entities(BatchGetEntitiesRequest)
    create_entity(CreateEntityRequest) update_entity(UpdateEntityRequest)
    delete_entity(DeleteEntityRequest) undelete_entity(UndeleteEntityRequest)
);
case!(
    Relationship relationship relationships,
    get_relationship(GetRelationshipRequest) list_relationships(ListRelationshipsRequest) batch_get_relationships(BatchGetRelationshipsRequest)
    create_relationship(CreateRelationshipRequest) update_relationship(UpdateRelationshipRequest)
    delete_relationship(DeleteRelationshipRequest) undelete_relationship(UndeleteRelationshipRequest)
);
case!(
    DataSource data_source data_sources,
    get_data_source(GetDataSourceRequest) list_data_sources(ListDataSourcesRequest) batch_get_data_sources(BatchGetDataSourcesRequest)
    create_data_source(CreateDataSourceRequest) update_data_source(UpdateDataSourceRequest)
    delete_data_source(DeleteDataSourceRequest) undelete_data_source(UndeleteDataSourceRequest)
);
case!(
    Metric metric metrics,
    get_metric(GetMetricRequest) list_metrics(ListMetricsRequest) batch_get_metrics(BatchGetMetricsRequest)
    create_metric(CreateMetricRequest) update_metric(UpdateMetricRequest)
    delete_metric(DeleteMetricRequest) undelete_metric(UndeleteMetricRequest)
);
case!(
    Actor actor actors,
    get_actor(GetActorRequest) list_actors(ListActorsRequest) batch_get_actors(BatchGetActorsRequest)
    create_actor(CreateActorRequest) update_actor(UpdateActorRequest)
    delete_actor(DeleteActorRequest) undelete_actor(UndeleteActorRequest)
);
case!(
    AnalyticsStrategy analytics_strategy analytics_strategies,
    get_analytics_strategy(GetAnalyticsStrategyRequest) list_analytics_strategies(ListAnalyticsStrategiesRequest) batch_get_analytics_strategies(BatchGetAnalyticsStrategiesRequest)
    create_analytics_strategy(CreateAnalyticsStrategyRequest) update_analytics_strategy(UpdateAnalyticsStrategyRequest)
    delete_analytics_strategy(DeleteAnalyticsStrategyRequest) undelete_analytics_strategy(UndeleteAnalyticsStrategyRequest)
);
case!(
    AnalyticsUseCase analytics_use_case analytics_use_cases,
    get_analytics_use_case(GetAnalyticsUseCaseRequest) list_analytics_use_cases(ListAnalyticsUseCasesRequest) batch_get_analytics_use_cases(BatchGetAnalyticsUseCasesRequest)
    create_analytics_use_case(CreateAnalyticsUseCaseRequest) update_analytics_use_case(UpdateAnalyticsUseCaseRequest)
    delete_analytics_use_case(DeleteAnalyticsUseCaseRequest) undelete_analytics_use_case(UndeleteAnalyticsUseCaseRequest)
);
