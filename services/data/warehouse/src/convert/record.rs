//! Rows between messages and the model.

use crate::{
    model::{
        load::GivenColumn,
        outcome::{Changed, Mode, Outcome, Written},
        row::GivenRow,
        value::{Cell, Given, Plain},
    },
    store::{
        change::{Action, LoadAsk, Once, Target, WriteAsk},
        records::{Row, Rows},
    },
};
use error::{Error, Result, Violations};
use formula::DataType;
use prost_types::{ListValue, Struct, Value, value::Kind};
use proto_data::tessera::warehouse::v1;
use serde_json::Value as Json;
use value::Id;

/// Reads an id.
pub(crate) fn id(field: &str, text: &str) -> Result<Id> {
    text.parse()
        .map_err(|_| Error::invalid_field(field, "UUID", "must be a uuid"))
}

/// Reads ids.
pub(crate) fn ids(field: &str, texts: &[String]) -> Result<Vec<Id>> {
    let mut violations = Violations::new();
    let read = texts.iter().enumerate().map(|(at, text)| {
        let field = format!("{field}[{at}]");
        match id("", text) {
            Ok(id) => Some(id),
            Err(error) => violations.take(&field, Err(error)),
        }
    });
    let ids: Vec<Id> = read.collect::<Vec<_>>().into_iter().flatten().collect();
    violations.finish().map(|()| ids)
}

/// A request that may come twice.
pub(crate) fn once(
    rpc: &'static str,
    request_id: &mut String,
    body: impl FnOnce() -> Vec<u8>,
) -> Once {
    let request_id = std::mem::take(request_id);
    Once {
        rpc,
        // Without an id it is not recognised, and its body need not be hashed.
        body_hash: match request_id.is_empty() {
            true => [0; 32],
            false => db::idempotency::hash(&body()),
        },
        request_id,
    }
}

/// A request that may come twice, whose id is `request_id`.
macro_rules! once_of {
    ($rpc:literal, $ask:expr) => {{
        let mut request_id = std::mem::take(&mut $ask.request_id);
        $crate::convert::record::once($rpc, &mut request_id, || {
            ::prost::Message::encode_to_vec(&$ask)
        })
    }};
}
pub(crate) use once_of;

/// A value as it is given; none is `null`.
pub(crate) fn given(value: Value) -> Option<Given> {
    Some(match value.kind? {
        Kind::NullValue(_) => return None,
        Kind::BoolValue(value) => Given::Boolean(value),
        Kind::NumberValue(number) => Given::Number(number),
        Kind::StringValue(text) => Given::Text(text),
        nested @ (Kind::ListValue(_) | Kind::StructValue(_)) => Given::Nested(json(nested)),
    })
}

fn json(kind: Kind) -> Json {
    let of = |value: Value| value.kind.map_or(Json::Null, json);
    match kind {
        Kind::NullValue(_) => Json::Null,
        Kind::BoolValue(value) => Json::Bool(value),
        // Whole numbers stay whole; what JSON cannot say, JSON text never said.
        Kind::NumberValue(number) => match Cell::read(&Given::Number(number), DataType::Json) {
            Ok(Cell::Json(json)) => json,
            _ => Json::Null,
        },
        Kind::StringValue(text) => Json::String(text),
        Kind::ListValue(list) => Json::Array(list.values.into_iter().map(of).collect()),
        Kind::StructValue(fields) => {
            let members = fields.fields.into_iter();
            Json::Object(members.map(|(name, value)| (name, of(value))).collect())
        }
    }
}

/// A row as it is given.
pub(crate) fn row(values: Struct) -> GivenRow {
    let fields = values.fields.into_iter();
    fields.map(|(name, value)| (name, given(value))).collect()
}

/// A cell as it is answered.
pub(crate) fn cell(cell: Cell, data_type: DataType) -> Value {
    plain(cell.plain(data_type))
}

/// A plain value as it is answered.
pub(crate) fn plain(plain: Plain) -> Value {
    let kind = match plain {
        Plain::Null => Kind::NullValue(0),
        Plain::Boolean(value) => Kind::BoolValue(value),
        Plain::Number(number) => Kind::NumberValue(number),
        Plain::Text(text) => Kind::StringValue(text),
        Plain::Json(json) => of_json(json),
    };
    Value { kind: Some(kind) }
}

fn of_json(json: Json) -> Kind {
    let value = |json: Json| Value {
        kind: Some(of_json(json)),
    };
    match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::Number(number) => match number.as_f64() {
            Some(real) => Kind::NumberValue(real),
            None => Kind::StringValue(number.to_string()),
        },
        Json::String(text) => Kind::StringValue(text),
        Json::Array(items) => Kind::ListValue(ListValue {
            values: items.into_iter().map(value).collect(),
        }),
        Json::Object(members) => Kind::StructValue(Struct {
            fields: members
                .into_iter()
                .map(|(name, member)| (name, value(member)))
                .collect(),
        }),
    }
}

/// A row as it is answered.
pub(crate) fn record(row: Row, attributes: &[(String, DataType)]) -> v1::Record {
    let values = attributes.iter().zip(row.cells);
    let values = values.map(|((code, data_type), own)| (code.clone(), cell(own, *data_type)));
    v1::Record {
        id: row.id.to_string(),
        values: Some(Struct {
            fields: values.collect(),
        }),
        etag: db::etag::format(row.version),
        create_time: Some(proto::time::to_proto(row.created)),
        update_time: Some(proto::time::to_proto(row.updated)),
    }
}

/// Rows as they are answered.
pub(crate) fn records(rows: Rows) -> Vec<v1::Record> {
    let Rows {
        attributes, rows, ..
    } = rows;
    rows.into_iter()
        .map(|row| record(row, &attributes))
        .collect()
}

fn mode(mode: v1::WriteMode) -> Mode {
    match mode {
        v1::WriteMode::Unspecified | v1::WriteMode::Insert => Mode::Insert,
        v1::WriteMode::Upsert => Mode::Upsert,
        v1::WriteMode::Skip => Mode::Skip,
    }
}

/// Rows to write.
pub(crate) fn write(ask: v1::WriteRecordsRequest, atomic: bool) -> Action {
    Action::Write(WriteAsk {
        mode: mode(ask.mode()),
        rows: ask.records.into_iter().map(row).collect(),
        atomic,
    })
}

/// Which rows a change is about: those of ids or those of a condition, and never all for want of either.
fn target(prefix: &str, ids_of: &[String], condition: &str, etag: &str) -> Result<Target> {
    let field = |name: &str| format!("{prefix}{name}");
    let written = !condition.trim().is_empty();
    if ids_of.is_empty() != written {
        let words = "must name rows by `ids` or by `where`, one of both; `true` is all rows";
        return Err(Error::invalid_field(field("where"), "ONE_OF", words));
    }
    if !etag.is_empty() && ids_of.len() != 1 {
        let words = "an etag goes with exactly one id";
        return Err(Error::invalid_field(field("etag"), "ONE_ID", words));
    }
    if written {
        return Ok(Target::Condition(condition.to_owned()));
    }
    let version = match etag {
        "" => None,
        etag => Some(db::etag::parse(etag)?),
    };
    Ok(Target::Ids(ids(&field("ids"), ids_of)?, version))
}

/// Rows to change.
pub(crate) fn update(prefix: &str, ask: v1::UpdateRecordsRequest) -> Result<Action> {
    let target = target(prefix, &ask.ids, &ask.r#where, &ask.etag)?;
    Ok(Action::Update(target, row(ask.values.unwrap_or_default())))
}

/// Rows to delete.
pub(crate) fn delete(prefix: &str, ask: &v1::DeleteRecordsRequest) -> Result<Action> {
    target(prefix, &ask.ids, &ask.r#where, &ask.etag).map(Action::Delete)
}

/// Rows in bulk.
pub(crate) fn load(ask: v1::LoadRecordsRequest) -> Result<Action> {
    let mode = mode(ask.mode());
    let columns: Vec<GivenColumn> = ask
        .columns
        .into_iter()
        .map(|column| GivenColumn {
            attribute: column.attribute,
            texts: column.texts,
            integers: column.integers,
            doubles: column.doubles,
            nulls: column.nulls,
        })
        .collect();
    if crate::model::load::rows(&columns) == 0 {
        let words = "must have at least one row";
        return Err(Error::invalid_field("columns[0]", "MIN_ITEMS", words));
    }
    Ok(Action::Load(LoadAsk {
        columns,
        mode,
        source: ask.source,
    }))
}

/// What became of rows.
pub(crate) fn written(written: Written) -> v1::WriteRecordsResponse {
    v1::WriteRecordsResponse {
        results: written.results.into_iter().map(result).collect(),
        inserted: written.inserted,
        updated: written.updated,
        skipped: written.skipped,
        failed: written.failed,
    }
}

fn result((index, outcome): (usize, Outcome)) -> v1::WriteResult {
    let mut result = v1::WriteResult {
        index: i32::try_from(index).unwrap_or(i32::MAX),
        ..Default::default()
    };
    let (outcome, id) = match outcome {
        Outcome::Inserted(id) => (v1::WriteOutcome::Inserted, Some(id)),
        Outcome::Updated(id) => (v1::WriteOutcome::Updated, Some(id)),
        Outcome::Skipped(id) => (v1::WriteOutcome::Skipped, id),
        Outcome::Failed(faults) => {
            // One result has one reason; the description tells of all.
            if let Some(first) = faults.first() {
                result.reason.clone_from(&first.reason);
                result.attribute.clone_from(&first.attribute);
            }
            let words: Vec<String> = faults
                .iter()
                .map(|fault| match fault.attribute.as_str() {
                    "" => fault.description.clone(),
                    attribute => format!("{attribute}: {}", fault.description),
                })
                .collect();
            result.description = words.join("; ");
            (v1::WriteOutcome::Failed, None)
        }
    };
    result.set_outcome(outcome);
    result.id = id.map_or(String::new(), |id| id.to_string());
    result
}

/// How many rows a change was about.
pub(crate) fn count(changed: &Changed) -> i64 {
    match changed {
        Changed::Rows(rows) => *rows,
        Changed::Written(written) => written.inserted + written.updated,
    }
}

/// The only answer of a request with one change.
pub(crate) fn only(mut done: Vec<Changed>) -> Result<Changed> {
    done.pop()
        .ok_or_else(|| Error::internal("an answer for each change"))
}

/// What a write did.
pub(crate) fn write_answer(changed: Changed) -> Result<v1::WriteRecordsResponse> {
    match changed {
        Changed::Written(done) => Ok(written(done)),
        Changed::Rows(_) => Err(Error::internal("a write answers for its rows")),
    }
}
