//! What tests of rows share: requests from JSON, and policies taken by day.

use super::house::{Client, House, attribute, decimal, entity, key, required, time};
use prost_types::{Struct, Value, value::Kind};
use proto_data::tessera::warehouse::v1::{self, *};
use proto_meaning::tessera::metadata::v1::{DataType, Entity, EntityKind};
use serde_json::{Value as Json, json};
use tonic::Status;

/// JSON as the wire has it.
pub(super) fn value(json: Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap()),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(items) => Kind::ListValue(prost_types::ListValue {
            values: items.into_iter().map(value).collect(),
        }),
        Json::Object(_) => Kind::StructValue(values(json)),
    };
    Value { kind: Some(kind) }
}

/// A JSON object as the wire has it.
pub(super) fn values(json: Json) -> Struct {
    let Json::Object(members) = json else {
        panic!("an object: {json}")
    };
    let members = members.into_iter();
    Struct {
        fields: members
            .map(|(name, member)| (name, value(member)))
            .collect(),
    }
}

/// What the wire has, as JSON.
pub(super) fn back(value: &Value) -> Json {
    match value.kind.as_ref().unwrap() {
        Kind::NullValue(_) => Json::Null,
        Kind::BoolValue(value) => json!(value),
        Kind::NumberValue(number) => json!(number),
        Kind::StringValue(text) => json!(text),
        Kind::ListValue(list) => list.values.iter().map(back).collect(),
        Kind::StructValue(fields) => object(fields),
    }
}

pub(super) fn object(fields: &Struct) -> Json {
    let members = fields.fields.iter();
    Json::Object(
        members
            .map(|(name, member)| (name.clone(), back(member)))
            .collect(),
    )
}

/// Rows of a query's answer.
pub(super) fn table(answer: &ExecuteQueryResponse) -> Vec<Vec<Json>> {
    let row = |row: &prost_types::ListValue| row.values.iter().map(back).collect();
    answer.rows.iter().map(row).collect()
}

pub(super) fn write(entity: &str, mode: WriteMode, rows: Vec<Json>) -> WriteRecordsRequest {
    WriteRecordsRequest {
        entity: entity.to_owned(),
        records: rows.into_iter().map(values).collect(),
        mode: mode as i32,
        ..Default::default()
    }
}

/// Writes rows and answers what became of them.
pub(super) async fn written(
    client: &mut Client,
    entity: &str,
    mode: WriteMode,
    rows: Vec<Json>,
) -> WriteRecordsResponse {
    let ask = write(entity, mode, rows);
    client.write_records(ask).await.unwrap().into_inner()
}

/// Inserted, updated, skipped, failed.
pub(super) fn counts(answer: &WriteRecordsResponse) -> [i64; 4] {
    [
        answer.inserted,
        answer.updated,
        answer.skipped,
        answer.failed,
    ]
}

/// The reasons and attributes of refused rows, by index.
pub(super) fn failures(answer: &WriteRecordsResponse) -> Vec<(i32, &str, &str)> {
    let failed = answer.results.iter();
    let failed = failed.filter(|one| one.outcome() == WriteOutcome::Failed);
    failed
        .map(|one| (one.index, one.reason.as_str(), one.attribute.as_str()))
        .collect()
}

pub(super) async fn list(
    client: &mut Client,
    entity: &str,
    condition: &str,
    order_by: &str,
) -> Result<Vec<Record>, Status> {
    let ask = ListRecordsRequest {
        entity: entity.to_owned(),
        page_size: 1000,
        r#where: condition.to_owned(),
        order_by: order_by.to_owned(),
        ..Default::default()
    };
    Ok(client.list_records(ask).await?.into_inner().records)
}

/// One attribute of all rows that pass, by id.
pub(super) async fn column(
    client: &mut Client,
    entity: &str,
    condition: &str,
    attribute: &str,
) -> Vec<Json> {
    let rows = list(client, entity, condition, "").await.unwrap();
    rows.iter()
        .map(|row| back(&row.values.as_ref().unwrap().fields[attribute]))
        .collect()
}

/// Policies, taken by day: told apart by number and day.
pub(super) fn policy() -> Entity {
    let mut status = required(attribute("status", DataType::String));
    status.allowed_values = vec!["Active".to_owned(), "Lapsed".to_owned()];
    entity(
        "policy",
        EntityKind::Snapshot,
        vec![
            key("policy_id", DataType::String),
            time("day", DataType::Date),
            attribute("region", DataType::String),
            status,
            decimal("premium", 12, 2),
            attribute("note", DataType::String),
        ],
    )
}

/// Things without a key, ordered by nothing.
pub(super) fn note() -> Entity {
    entity(
        "note",
        EntityKind::Dimension,
        vec![
            attribute("words", DataType::String),
            attribute("weight", DataType::Double),
            attribute("count", DataType::Integer),
        ],
    )
}

pub(super) fn a_policy(id: &str, day: &str, region: &str, premium: Json) -> Json {
    json!({"policy_id": id, "day": day, "region": region, "status": "Active", "premium": premium})
}

/// A house with policies and notes defined.
pub(super) async fn with_policies(house: &House) -> Client {
    house.define(policy());
    house.define(note());
    house.admin()
}

/// Events of the service's rows, in order.
pub(super) async fn events(house: &House) -> Vec<v1::RecordsChanged> {
    let scope = auth::Scope::system_all("test");
    let claim = |conn: &mut db::Conn| {
        let lease = std::time::Duration::from_secs(1);
        let now = value::Time::MAX - lease;
        db::outbox::claim_batch(conn, now, lease, 1000)
    };
    let mut events = house.bench.db().claim(&scope, claim).await.unwrap();
    events.retain(|event| event.topic == crate::convert::event::RECORDS_CHANGED);
    events.sort_by_key(|event| event.id);
    let read = |event: &db::outbox::Event| prost::Message::decode(event.payload.as_slice());
    events.iter().map(|event| read(event).unwrap()).collect()
}
