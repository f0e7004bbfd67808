//! Queries and commands. SKELETON: the helper who owns records replaces this file.

use super::{Answer, Api, Ask};
use proto_data::tessera::warehouse::v1::*;
use tonic::Status;

pub(super) async fn execute_query(
    _: &Api,
    _: Ask<ExecuteQueryRequest>,
) -> Answer<ExecuteQueryResponse> {
    Err(Status::unimplemented("not wired yet"))
}

pub(super) async fn execute_command(
    _: &Api,
    _: Ask<ExecuteCommandRequest>,
) -> Answer<ExecuteCommandResponse> {
    Err(Status::unimplemented("not wired yet"))
}
