//! Rows one by one and in bulk.

use super::{Answer, Api, Ask, viewer};
use crate::{
    convert::{
        change::{self as changed, once_of},
        record as convert,
    },
    store::{
        change::{Action, Change, Target},
        records::RowsAsk,
    },
};
use error::Error;
use proto_data::tessera::warehouse::v1::*;
use std::collections::HashMap;
use tonic::Response;

pub(super) async fn get_record(api: &Api, ask: Ask<GetRecordRequest>) -> Answer<Record> {
    let viewer = viewer::of(api, &ask)?;
    let ask = ask.into_inner();
    let id = convert::id("id", &ask.id)?;
    let found = api
        .store
        .records_by_id(&viewer, &ask.entity, vec![id])
        .await?;
    let record = convert::records(found).pop();
    let record = record.ok_or_else(|| Error::not_found("record", id))?;
    Ok(Response::new(record))
}

pub(super) async fn list_records(
    api: &Api,
    ask: Ask<ListRecordsRequest>,
) -> Answer<ListRecordsResponse> {
    let viewer = viewer::of(api, &ask)?;
    let ask = ask.into_inner();
    let asked = RowsAsk {
        size: api.rows_of_page(ask.page_size).into(),
        entity: ask.entity,
        filters: Vec::new(),
        condition: ask.r#where,
        order_by: ask.order_by,
        attributes: ask.attributes,
        token: ask.page_token,
        count_total: ask.count_total,
    };
    let rows = api.store.list_records(&viewer, asked).await?;
    Ok(Response::new(ListRecordsResponse {
        next_page_token: rows.next.clone(),
        total_size: rows.total,
        records: convert::records(rows),
    }))
}

pub(super) async fn batch_get_records(
    api: &Api,
    ask: Ask<BatchGetRecordsRequest>,
) -> Answer<BatchGetRecordsResponse> {
    let viewer = viewer::of(api, &ask)?;
    let ask = ask.into_inner();
    let ids = convert::ids("ids", &ask.ids)?;
    let found = api
        .store
        .records_by_id(&viewer, &ask.entity, ids.clone())
        .await?;
    let found = convert::records(found).into_iter();
    let mut by_id: HashMap<String, Record> =
        found.map(|record| (record.id.clone(), record)).collect();
    let (mut records, mut missing_ids) = (Vec::new(), Vec::new());
    for (id, text) in ids.iter().zip(ask.ids) {
        match by_id.remove(&id.to_string()) {
            Some(record) => records.push(record),
            None => missing_ids.push(text),
        }
    }
    Ok(Response::new(BatchGetRecordsResponse {
        records,
        missing_ids,
    }))
}

pub(super) async fn write_records(
    api: &Api,
    ask: Ask<WriteRecordsRequest>,
) -> Answer<WriteRecordsResponse> {
    let viewer = viewer::of(api, &ask)?;
    let mut ask = ask.into_inner();
    let once = once_of!("WriteRecords", ask);
    let (entity, atomic) = (ask.entity.clone(), ask.atomic);
    let change = single(entity, changed::write(ask, atomic));
    let done = api.store.change(&viewer, once, change).await?;
    let done = changed::write_answer(changed::only(done)?)?;
    Ok(Response::new(done))
}

pub(super) async fn update_records(
    api: &Api,
    ask: Ask<UpdateRecordsRequest>,
) -> Answer<UpdateRecordsResponse> {
    let viewer = viewer::of(api, &ask)?;
    let mut ask = ask.into_inner();
    let once = once_of!("UpdateRecords", ask);
    let change = single(ask.entity.clone(), changed::update("", ask)?);
    let done = api.store.change(&viewer, once, change).await?;
    let updated = changed::count(&changed::only(done)?);
    Ok(Response::new(UpdateRecordsResponse { updated }))
}

pub(super) async fn delete_records(
    api: &Api,
    ask: Ask<DeleteRecordsRequest>,
) -> Answer<DeleteRecordsResponse> {
    let viewer = viewer::of(api, &ask)?;
    let mut ask = ask.into_inner();
    let once = once_of!("DeleteRecords", ask);
    let change = single(ask.entity.clone(), changed::delete("", &ask)?);
    let done = api.store.change(&viewer, once, change).await?;
    let deleted = changed::count(&changed::only(done)?);
    Ok(Response::new(DeleteRecordsResponse { deleted }))
}

pub(super) async fn load_records(
    api: &Api,
    ask: Ask<LoadRecordsRequest>,
) -> Answer<WriteRecordsResponse> {
    let viewer = viewer::of_internal(api, &ask, &ask.get_ref().tenant_id, "load")?;
    let mut ask = ask.into_inner();
    let once = once_of!("LoadRecords", ask);
    let change = single(ask.entity.clone(), changed::load(ask)?);
    let done = api.store.change(&viewer, once, change).await?;
    let done = changed::write_answer(changed::only(done)?)?;
    Ok(Response::new(done))
}

/// About so many rows are taken away in one transaction, which others wait for. Tests have fewer.
const UNLOADED: i64 = if cfg!(test) { 20 } else { 200_000 };

pub(super) async fn unload_records(
    api: &Api,
    ask: Ask<UnloadRecordsRequest>,
) -> Answer<UnloadRecordsResponse> {
    let mut viewer = viewer::of_internal(api, &ask, &ask.get_ref().tenant_id, "unload")?;
    let ask = ask.into_inner();
    let (entity, source) = (ask.entity, ask.source);
    let parts = api
        .store
        .parts_of_source(&viewer, &entity, &source, UNLOADED)
        .await?;
    let mut deleted = 0;
    // Each part is a transaction: what is gone stays gone, and a call that was cut off goes on where it was when it is sent again.
    for part in parts.into_iter().map(Some).chain([None]) {
        viewer.end = api.end();
        let once = changed::once("UnloadRecords", &mut String::new(), Vec::new);
        let target = Target::Source(source.clone(), part);
        let change = single(entity.clone(), Action::Delete(target));
        let done = api.store.change(&viewer, once, change).await?;
        deleted += changed::count(&changed::only(done)?);
    }
    Ok(Response::new(UnloadRecordsResponse { deleted }))
}

/// A request's only change, whose fields are the request's own.
fn single(entity: String, action: Action) -> Vec<Change> {
    vec![Change {
        entity,
        action,
        prefix: String::new(),
    }]
}
