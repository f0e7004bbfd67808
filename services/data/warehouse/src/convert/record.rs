//! Rows and their values between messages and the model.

use crate::{
    model::{
        row::GivenRow,
        value::{Cell, Given, Plain},
    },
    store::records::{Row, Rows},
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
