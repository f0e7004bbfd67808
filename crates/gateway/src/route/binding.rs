//! One HTTP route to one RPC, with everything about it that can be worked out at the start.

use http::uri::PathAndQuery;
use prost_reflect::{FieldDescriptor, MethodDescriptor, Value};
use proto::Method;

use super::rule::Rule;
use super::template::{Segment, Template};
use crate::meter;
use crate::transcode::{Kind, MessageId, Shape, Tables, WellKnown};

/// What of the request is in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Nothing: the rest is in the query.
    None,
    /// The whole request.
    Whole,
    /// One field, by its index.
    Field(usize),
}

/// A field, reached through the messages it lies in: pairs of message and field index.
pub(crate) type FieldPath = Vec<(MessageId, usize)>;

/// A path variable and the field it sets.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) path: FieldPath,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) rest: bool,
}

/// How a PATCH whose client gave no mask gets one.
#[derive(Clone, Debug)]
pub(crate) struct MaskRule {
    /// Field of the request that holds the mask.
    pub(crate) mask: usize,
    /// Message in the body.
    pub(crate) resource: MessageId,
    /// Fields of the resource that are never changed by name: from the path, output only, the etag.
    pub(crate) fixed: Vec<usize>,
}

/// One HTTP route to one RPC.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) http_method: String,
    pub(crate) template: String,
    pub(crate) segments: Vec<Segment>,
    pub(crate) verb: String,
    pub(crate) variables: Vec<Variable>,
    pub(crate) body: Body,
    pub(crate) response_field: Option<usize>,
    pub(crate) rpc: &'static Method,
    pub(crate) grpc_path: PathAndQuery,
    pub(crate) input: MessageId,
    pub(crate) output: MessageId,
    pub(crate) descriptor: MethodDescriptor,
    /// Whether it is the method's own rule, not an additional one.
    pub(crate) primary: bool,
    pub(crate) mask: Option<MaskRule>,
    /// Field of the request that an `idempotency-key` header fills.
    pub(crate) request_id: Option<usize>,
    /// Whether the answer is a `google.api.HttpBody`: bytes with a type of their own.
    pub(crate) raw_answer: bool,
    pub(crate) meters: meter::Route,
}

impl Binding {
    pub(crate) fn new(
        tables: &Tables,
        descriptor: &MethodDescriptor,
        rpc: &'static Method,
        rule: &Rule,
        primary: bool,
    ) -> Result<Self, String> {
        let template = Template::parse(&rule.template)?;
        let id = |name: &str| tables.id(name).ok_or_else(|| format!("no message {name}"));
        let (input_descriptor, output_descriptor) = (descriptor.input(), descriptor.output());
        let (input, output) = (
            id(input_descriptor.full_name())?,
            id(output_descriptor.full_name())?,
        );
        let mut variables = Vec::new();
        for variable in template.variables {
            let path = field_path(tables, input, &variable.field)
                .filter(|path| takes_text(tables, path))
                .ok_or_else(|| {
                    format!("{:?} is no field a path variable can set", variable.field)
                })?;
            let (from, to, rest) = (variable.from, variable.to, variable.rest);
            variables.push(Variable {
                name: variable.field,
                path,
                from,
                to,
                rest,
            });
        }
        let message = tables.message(input);
        let body = match rule.body.as_str() {
            "" => Body::None,
            "*" => Body::Whole,
            field => Body::Field(
                message
                    .by_name(field)
                    .ok_or_else(|| format!("no body field {field:?}"))?,
            ),
        };
        let response_field = match rule.response_body.as_str() {
            "" => None,
            field => {
                let found = tables.message(output).by_name(field);
                Some(found.ok_or_else(|| format!("no response field {field:?}"))?)
            }
        };
        let request_id = message.by_name("request_id").filter(|&i| {
            let field = &message.fields[i];
            field.kind == Kind::String && field.shape == Shape::One && rule.method != "GET"
        });
        let mask = match body {
            Body::Field(field) if rule.method == "PATCH" => mask_rule(
                tables,
                &input_descriptor.fields().collect::<Vec<_>>(),
                input,
                field,
                &variables,
            ),
            _ => None,
        };
        Ok(Self {
            http_method: rule.method.clone(),
            template: rule.template.clone(),
            segments: template.segments,
            verb: template.verb,
            variables,
            body,
            response_field,
            rpc,
            grpc_path: PathAndQuery::from_static(rpc.path),
            input,
            output,
            descriptor: descriptor.clone(),
            primary,
            mask,
            request_id,
            raw_answer: output_descriptor.full_name() == "google.api.HttpBody"
                && response_field.is_none(),
            meters: meter::Route::new(&rule.method, &rule.template),
        })
    }
}

/// The field at a dotted path; the ones on the way are single messages.
pub(crate) fn field_path(tables: &Tables, mut id: MessageId, dotted: &str) -> Option<FieldPath> {
    let mut path = Vec::new();
    let mut names = dotted.split('.').peekable();
    while let Some(name) = names.next() {
        let index = tables.message(id).by_name(name)?;
        path.push((id, index));
        if names.peek().is_some() {
            let field = &tables.message(id).fields[index];
            match field.kind {
                Kind::Message(inner) if field.shape == Shape::One => id = inner,
                _ => return None,
            }
        }
    }
    Some(path)
}

/// Whether one value of the field can be written as plain text.
pub(crate) fn takes_text(tables: &Tables, path: &FieldPath) -> bool {
    let Some(&(id, index)) = path.last() else {
        return false;
    };
    let field = &tables.message(id).fields[index];
    let texts = match field.kind {
        Kind::Message(id) => matches!(
            tables.message(id).well_known,
            WellKnown::Timestamp | WellKnown::Duration | WellKnown::FieldMask | WellKnown::Wrapper
        ),
        _ => true,
    };
    texts && field.shape != Shape::Map
}

fn mask_rule(
    tables: &Tables,
    input_fields: &[FieldDescriptor],
    input: MessageId,
    body: usize,
    variables: &[Variable],
) -> Option<MaskRule> {
    let message = tables.message(input);
    let mask = message.by_name("update_mask").filter(|&i| {
        let field = &message.fields[i];
        let mask = matches!(field.kind, Kind::Message(id) if tables.message(id).well_known == WellKnown::FieldMask);
        mask && field.shape == Shape::One
    })?;
    let Kind::Message(resource) = message.fields[body].kind else {
        return None;
    };
    if message.fields[body].shape != Shape::One
        || tables.message(resource).well_known != WellKnown::No
    {
        return None;
    }
    let body_number = message.fields[body].number;
    let mut fixed: Vec<usize> = variables
        .iter()
        .filter(|v| v.path.len() == 2 && v.path[0] == (input, body))
        .map(|v| v.path[1].1)
        .collect();
    let resource_descriptor = input_fields
        .iter()
        .find(|f| f.number() == body_number)?
        .kind();
    for field in resource_descriptor.as_message()?.fields() {
        let never_written = behaviours(&field)
            .iter()
            .any(|&b| matches!(b, OUTPUT_ONLY | IDENTIFIER));
        if never_written || field.name() == "etag" {
            fixed.extend(tables.message(resource).by_name(field.name()));
        }
    }
    Some(MaskRule {
        mask,
        resource,
        fixed,
    })
}

pub(crate) const REQUIRED: i32 = 2;
pub(crate) const OUTPUT_ONLY: i32 = 3;
pub(crate) const INPUT_ONLY: i32 = 4;
pub(crate) const IDENTIFIER: i32 = 8;

/// A field's `google.api.field_behavior`.
pub(crate) fn behaviours(field: &FieldDescriptor) -> Vec<i32> {
    let Some(extension) = field
        .parent_pool()
        .get_extension_by_name("google.api.field_behavior")
    else {
        return Vec::new();
    };
    let options = field.options();
    let value = options.get_extension(&extension);
    value
        .as_list()
        .map(|list| list.iter().filter_map(Value::as_enum_number).collect())
        .unwrap_or_default()
}
