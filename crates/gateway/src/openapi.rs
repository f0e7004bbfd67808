//! The OpenAPI 3.1 document of every route, made once and served with an ETag.

mod rules;
mod schema;

use std::collections::{BTreeMap, HashSet};

use axum::body::Body;
use bytes::Bytes;
use error::BoxError;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use prost_reflect::{Kind, MessageDescriptor};
use proto::method::Visibility;
use serde_json::{Map, Value, json};

use crate::reply::{self, Answer};
use crate::route::binding::REQUIRED;
use crate::route::template::Segment;
use crate::route::{Binding, Body as BodyRule, Routes, binding};
use crate::transcode::Transcoder;
use schema::Schemas;

/// The document's bytes and their ETag.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) bytes: Bytes,
    etag: HeaderValue,
}

impl Document {
    pub(crate) fn new(transcoder: &Transcoder, routes: &Routes) -> Result<Self, BoxError> {
        let bytes: Bytes = serde_json::to_vec(&document(transcoder, routes))?.into();
        // FNV-1a: any change shows, and nobody has a reason to forge one
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let etag = HeaderValue::try_from(format!("\"{hash:016x}\""))?;
        Ok(Self { bytes, etag })
    }

    /// 304 where the client has it already.
    pub(crate) fn answer(&self, headers: &HeaderMap) -> Answer {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
            let mut tags = value.to_str().unwrap_or_default().split(',');
            tags.any(|tag| tag.trim().trim_start_matches("W/").as_bytes() == self.etag.as_bytes())
        });
        let mut answer = if known {
            reply::body(StatusCode::NOT_MODIFIED, "application/json", Body::empty())
        } else {
            reply::json(StatusCode::OK, self.bytes.clone())
        };
        answer.headers_mut().insert(header::ETAG, self.etag.clone());
        answer
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        answer
    }
}

fn document(transcoder: &Transcoder, routes: &Routes) -> Value {
    let mut schemas = Schemas::new(transcoder.pool());
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut tags: BTreeMap<String, Value> = BTreeMap::new();
    let mut ids = HashSet::new();
    for binding in routes.bindings().iter().filter(|b| b.http_method != "*") {
        let service = binding.descriptor.parent_service();
        tags.entry(binding.rpc.service.to_owned())
            .or_insert_with(|| {
                let about = schemas.comment(&service.parent_file(), service.path());
                json!({"name": binding.rpc.service, "description": about})
            });
        let (path, parameters) = path(&mut schemas, binding);
        let operation = operation(&mut schemas, binding, parameters, &mut ids);
        paths
            .entry(path)
            .or_default()
            .insert(binding.http_method.to_lowercase(), operation);
    }
    schemas.insert("google.rpc.Status", error_schema());
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Tessera", "version": "v1", "description": "Every service of this installation as JSON over HTTP."},
        "servers": [{"url": "/"}],
        "tags": tags.into_values().collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas.into_map(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"bearer": []}],
    })
}

/// The path as OpenAPI writes it, and its parameters. `{name=things/*}` has no such form: literals stay, each
/// wildcard becomes a parameter.
fn path(schemas: &mut Schemas, binding: &Binding) -> (String, Vec<Value>) {
    let (mut path, mut parameters) = (String::new(), Vec::new());
    for (i, segment) in binding.segments.iter().enumerate() {
        if let Segment::Literal(literal) = segment {
            path.push_str(&format!("/{literal}"));
            continue;
        }
        let variable = binding
            .variables
            .iter()
            .find(|v| (v.from..v.to).contains(&i));
        let (name, from) = variable.map_or(("wildcard", 0), |v| (v.name.as_str(), v.from));
        let before = binding.segments[from..i]
            .iter()
            .filter(|s| !matches!(s, Segment::Literal(_)))
            .count();
        let name = if before == 0 {
            name.to_owned()
        } else {
            format!("{name}_{}", before + 1)
        };
        path.push_str(&format!("/{{{name}}}"));
        let field = variable.and_then(|v| descriptor_at(&binding.descriptor.input(), &v.name));
        let whole = variable.is_some_and(|v| v.to == v.from + 1);
        let mut parameter =
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
        if let Some(field) = field {
            let about = schemas.comment(&field.parent_file(), field.path());
            if !about.is_empty() {
                parameter["description"] = about.into();
            }
            if whole {
                let mut schema = schemas.field(&field);
                rules::add(&field, &mut schema);
                parameter["schema"] = schema;
            }
        }
        parameters.push(parameter);
    }
    if !binding.verb.is_empty() {
        path.push_str(&format!(":{}", binding.verb));
    }
    (path, parameters)
}

fn descriptor_at(
    message: &MessageDescriptor,
    dotted: &str,
) -> Option<prost_reflect::FieldDescriptor> {
    let (first, rest) = dotted
        .split_once('.')
        .map_or((dotted, None), |(a, b)| (a, Some(b)));
    let field = message
        .get_field_by_name(first)
        .or_else(|| message.get_field_by_json_name(first))?;
    match rest {
        None => Some(field),
        Some(rest) => descriptor_at(field.kind().as_message()?, rest),
    }
}

fn operation(
    schemas: &mut Schemas,
    binding: &Binding,
    mut parameters: Vec<Value>,
    ids: &mut HashSet<String>,
) -> Value {
    let method = &binding.descriptor;
    let (input, output) = (method.input(), method.output());
    let body_field = match binding.body {
        BodyRule::Field(index) => nth(&input, index),
        _ => None,
    };
    if binding.body != BodyRule::Whole {
        let bound = |path: &str| {
            binding.variables.iter().any(|v| v.name == path)
                || body_field.as_ref().is_some_and(|f| f.name() == path)
        };
        query(schemas, &input, ("", ""), 0, &mut parameters, &bound);
    }
    let answer = match binding.response_field.and_then(|i| nth(&output, i)) {
        Some(field) => schemas.field(&field),
        None => schemas.message(&output),
    };
    let content = if binding.raw_answer {
        json!({"*/*": {"schema": {"type": "string", "format": "binary"}}})
    } else if binding.rpc.server_streaming {
        json!({"application/x-ndjson": {"schema": answer}, "text/event-stream": {"schema": answer}})
    } else {
        json!({"application/json": {"schema": answer}})
    };
    let about = schemas.comment(&method.parent_file(), method.path());
    let base = format!("{}_{}", method.parent_service().name(), method.name());
    let id = (1..)
        .map(|n| {
            if n == 1 {
                base.clone()
            } else {
                format!("{base}_{n}")
            }
        })
        .find(|id| ids.insert(id.clone()));
    let error = json!({"$ref": "#/components/schemas/google.rpc.Status"});
    let mut operation = json!({
        "operationId": id,
        "tags": [binding.rpc.service],
        "summary": about.split(['\n', '.']).next().unwrap_or_default(),
        "description": about,
        "responses": {
            "200": {"description": "The answer.", "content": content},
            "default": {"description": "Why there is no answer.", "content": {"application/json": {"schema": error}}},
        },
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    let body = match (binding.body, &body_field) {
        (BodyRule::Whole, _) => Some(schemas.message(&input)),
        (_, Some(field)) => Some(schemas.field(field)),
        _ => None,
    };
    if let Some(schema) = body {
        operation["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    if binding.rpc.visibility == Visibility::Public {
        operation["security"] = json!([]);
    }
    if !binding.rpc.permission.is_empty() {
        operation["x-tessera-permission"] = binding.rpc.permission.into();
    }
    if !binding.primary {
        operation["x-tessera-additional"] = true.into();
    }
    operation
}

/// The field with the given place among the fields by rising number, as the tables count.
fn nth(message: &MessageDescriptor, index: usize) -> Option<prost_reflect::FieldDescriptor> {
    let mut fields: Vec<_> = message.fields().collect();
    fields.sort_by_key(prost_reflect::FieldDescriptor::number);
    fields.into_iter().nth(index)
}

/// The fields that can be query parameters, those of nested messages with dots.
fn query(
    schemas: &mut Schemas,
    message: &MessageDescriptor,
    (prefix, json_prefix): (&str, &str),
    depth: u32,
    out: &mut Vec<Value>,
    bound: &dyn Fn(&str) -> bool,
) {
    for field in message.fields() {
        let path = format!("{prefix}{}", field.name());
        let name = format!("{json_prefix}{}", field.json_name());
        if field.is_map() || bound(&path) {
            continue;
        }
        if let Kind::Message(inner) = field.kind() {
            let plain = !inner.full_name().starts_with("google.protobuf.");
            if plain {
                if depth < 3 && !field.is_list() {
                    query(
                        schemas,
                        &inner,
                        (&format!("{path}."), &format!("{name}.")),
                        depth + 1,
                        out,
                        bound,
                    );
                }
                continue;
            }
            if matches!(
                inner.name(),
                "Struct" | "Value" | "ListValue" | "Any" | "Empty"
            ) {
                continue;
            }
        }
        let mut schema = schemas.field(&field);
        rules::add(&field, &mut schema);
        let required = depth == 0 && binding::behaviours(&field).contains(&REQUIRED);
        let mut parameter =
            json!({"name": name, "in": "query", "required": required, "schema": schema});
        let about = schemas.comment(&field.parent_file(), field.path());
        if !about.is_empty() {
            parameter["description"] = about.into();
        }
        out.push(parameter);
    }
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "description": "Why a call failed: a google.rpc.Status with the name of its code and the id of the request.",
        "required": ["code", "status", "message", "details", "request_id"],
        "properties": {
            "code": {"type": "integer", "format": "int32", "description": "The gRPC code."},
            "status": {"type": "string", "description": "The name of the code, such as NOT_FOUND."},
            "message": {"type": "string", "description": "What happened, for people."},
            "details": {
                "type": "array",
                "description": "Typed details: google.rpc.ErrorInfo with a stable reason, BadRequest with field violations, RetryInfo.",
                "items": {"type": "object", "properties": {"@type": {"type": "string"}}, "additionalProperties": true},
            },
            "request_id": {"type": "string", "description": "Names the request in the server's log."},
        },
    })
}
