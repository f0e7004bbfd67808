//! Rows one by one and in bulk. SKELETON: the helper who owns records replaces this file.

use super::{Answer, Api, Ask};
use proto_data::tessera::warehouse::v1::*;
use tonic::Status;

pub(super) async fn get_record(_: &Api, _: Ask<GetRecordRequest>) -> Answer<Record> {
    Err(Status::unimplemented("not wired yet"))
}

pub(super) async fn list_records(
    _: &Api,
    _: Ask<ListRecordsRequest>,
) -> Answer<ListRecordsResponse> {
    Err(Status::unimplemented("not wired yet"))
}

pub(super) async fn batch_get_records(
    _: &Api,
    _: Ask<BatchGetRecordsRequest>,
) -> Answer<BatchGetRecordsResponse> {
    Err(Status::unimplemented("not wired yet"))
}

pub(super) async fn write_records(
    _: &Api,
    _: Ask<WriteRecordsRequest>,
) -> Answer<WriteRecordsResponse> {
    Err(Status::unimplemented("not wired yet"))
}

pub(super) async fn update_records(
    _: &Api,
    _: Ask<UpdateRecordsRequest>,
) -> Answer<UpdateRecordsResponse> {
    Err(Status::unimplemented("not wired yet"))
}

pub(super) async fn delete_records(
    _: &Api,
    _: Ask<DeleteRecordsRequest>,
) -> Answer<DeleteRecordsResponse> {
    Err(Status::unimplemented("not wired yet"))
}

pub(super) async fn load_records(
    _: &Api,
    _: Ask<LoadRecordsRequest>,
) -> Answer<WriteRecordsResponse> {
    Err(Status::unimplemented("not wired yet"))
}

pub(super) async fn unload_records(
    _: &Api,
    _: Ask<UnloadRecordsRequest>,
) -> Answer<UnloadRecordsResponse> {
    Err(Status::unimplemented("not wired yet"))
}
