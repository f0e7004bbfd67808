//! Parts of metrics, for services that merge them.

use super::{Answer, Api, Ask, viewer};
use crate::{convert::fragment as convert, store::members::MembersAsk};
use futures::stream;
use proto_data::tessera::warehouse::v1::*;
use tonic::Response;

/// Parts of the answer to ExecuteFragments.
pub(super) type Stream = tonic::codegen::BoxStream<ExecuteFragmentsResponse>;

pub(super) async fn execute_fragments(
    api: &Api,
    ask: Ask<ExecuteFragmentsRequest>,
) -> Answer<Stream> {
    let viewer = viewer::of_internal(api, &ask, &ask.get_ref().tenant_id, "fragments")?;
    let ask = ask.into_inner();
    let fragments = ask.fragments.into_iter().map(convert::fragment).collect();
    let answers = api
        .store
        .fragments(&viewer, fragments, ask.explain, api.limits())
        .await?;
    // The rows were read in one snapshot, which is over; what is left is to hand the groups on as fast as they are taken.
    let parts = answers.into_iter().enumerate();
    let parts = parts.flat_map(|(index, answer)| convert::parts(index, answer));
    Ok(Response::new(Box::pin(stream::iter(parts.map(Ok)))))
}

pub(super) async fn get_data_versions(
    api: &Api,
    ask: Ask<GetDataVersionsRequest>,
) -> Answer<GetDataVersionsResponse> {
    let viewer = viewer::of_internal(api, &ask, &ask.get_ref().tenant_id, "data-versions")?;
    let entities = ask.into_inner().entities;
    let data_versions = api.store.data_versions(&viewer, entities).await?;
    Ok(Response::new(GetDataVersionsResponse { data_versions }))
}

pub(super) async fn list_set_members(
    api: &Api,
    ask: Ask<ListSetMembersRequest>,
) -> Answer<ListSetMembersResponse> {
    let viewer = viewer::of_internal(api, &ask, &ask.get_ref().tenant_id, "members")?;
    let ask = ask.into_inner();
    let asked = MembersAsk {
        latest: convert::latest(ask.snapshot_selection()),
        size: api.rows_of_page(ask.page_size).into(),
        entity: ask.entity,
        set: ask.set,
        conditions: ask.conditions,
        start: ask.start,
        end: ask.end,
        token: ask.page_token,
    };
    let page = api.store.members(&viewer, asked).await?;
    Ok(Response::new(ListSetMembersResponse {
        members: page.members,
        next_page_token: page.next,
        total_size: page.total,
    }))
}
