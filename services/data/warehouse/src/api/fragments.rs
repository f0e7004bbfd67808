//! Parts of metrics. SKELETON: the helper who owns records replaces this file.

use super::{Answer, Api, Ask};
use proto_data::tessera::warehouse::v1::*;
use tonic::Status;

/// Parts of the answer to ExecuteFragments.
pub(super) type Stream = tonic::codegen::BoxStream<ExecuteFragmentsResponse>;

pub(super) async fn execute_fragments(_: &Api, _: Ask<ExecuteFragmentsRequest>) -> Answer<Stream> {
    Err(Status::unimplemented("not wired yet"))
}

pub(super) async fn get_data_versions(
    _: &Api,
    _: Ask<GetDataVersionsRequest>,
) -> Answer<GetDataVersionsResponse> {
    Err(Status::unimplemented("not wired yet"))
}

pub(super) async fn list_set_members(
    _: &Api,
    _: Ask<ListSetMembersRequest>,
) -> Answer<ListSetMembersResponse> {
    Err(Status::unimplemented("not wired yet"))
}
