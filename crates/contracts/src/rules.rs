//! Each rule of `buf.validate` as the condition under which it is broken, in Rust over `x`, a reference
//! to the field's value, and what to tell the caller. `$root` stands for the path of crate `proto`.

use prost_reflect::{Cardinality, FieldDescriptor, Kind, Value};

/// Whether a value without presence holds its default.
pub(crate) fn zero(field: &FieldDescriptor, value: &str) -> String {
    match field.kind() {
        Kind::String | Kind::Bytes => format!("{}.is_empty()", value.trim_start_matches('*')),
        Kind::Bool => format!("!{value}"),
        Kind::Float | Kind::Double => format!("{value} == 0.0"),
        _ => format!("{value} == 0"),
    }
}

/// The condition under which a rule is broken, and what to tell the caller.
pub(crate) fn condition(
    field: &FieldDescriptor,
    kind: &str,
    rule: &str,
    value: &Value,
) -> Option<(String, String)> {
    let limit = literal(value);
    let found = match (kind, rule) {
        ("string", "min_len") => (
            format!("x.chars().count() < {limit}"),
            format!("must have at least {limit} characters"),
        ),
        ("string", "max_len") => (
            format!("x.len() > {limit} && x.chars().count() > {limit}"),
            format!("must have at most {limit} characters"),
        ),
        ("string", "len") => (
            format!("x.chars().count() != {limit}"),
            format!("must have {limit} characters"),
        ),
        ("string", "prefix") => (
            format!("!x.starts_with({limit})"),
            format!("must begin with {limit}"),
        ),
        ("string", "pattern") => (
            format!(
                "{{ static PATTERN: std::sync::LazyLock<$root::check::Regex> = std::sync::LazyLock::new(|| \
                 $root::check::Regex::new({limit}).expect(\"checked when built\")); !PATTERN.is_match(x) }}"
            ),
            format!("must match {}", pattern(value)?),
        ),
        ("string", "uuid") => ("!$root::check::is_uuid(x)".into(), "must be a UUID".into()),
        ("string", "email") => (
            "!$root::check::is_email(x)".into(),
            "must be an e-mail address".into(),
        ),
        ("string", "uri") => (
            "!$root::check::is_uri(x)".into(),
            "must be a URI with a scheme".into(),
        ),
        ("string", "const") => (format!("x != {limit}"), format!("must be {limit}")),
        ("string", "in") => (
            format!("![{limit}].contains(&x.as_str())"),
            format!("must be one of {limit}"),
        ),
        ("bytes", "min_len") => (
            format!("x.len() < {limit}"),
            format!("must have at least {limit} bytes"),
        ),
        ("bytes", "max_len") => (
            format!("x.len() > {limit}"),
            format!("must have at most {limit} bytes"),
        ),
        ("bytes", "len") => (
            format!("x.len() != {limit}"),
            format!("must have {limit} bytes"),
        ),
        ("repeated", "min_items") | ("map", "min_pairs") => (
            format!("x.len() < {limit}"),
            format!("must have at least {limit} entries"),
        ),
        ("repeated", "max_items") | ("map", "max_pairs") => (
            format!("x.len() > {limit}"),
            format!("must have at most {limit} entries"),
        ),
        ("repeated", "unique") => (
            "!$root::check::is_unique(x)".into(),
            "must not repeat an entry".into(),
        ),
        ("enum", "defined_only") => {
            let Kind::Enum(kind) = field.kind() else {
                return None;
            };
            let numbers: Vec<_> = kind
                .values()
                .map(|value| value.number().to_string())
                .collect();
            (
                format!("!matches!(*x, {})", numbers.join(" | ")),
                "must be a known value".into(),
            )
        }
        ("duration", "gte") => (
            format!("(x.seconds, x.nanos) < {limit}"),
            format!("must be at least {}", span(value)),
        ),
        ("duration", "lte") => (
            format!("(x.seconds, x.nanos) > {limit}"),
            format!("must be at most {}", span(value)),
        ),
        ("bool", "const") => (format!("*x != {limit}"), format!("must be {limit}")),
        ("float" | "double", "finite") => {
            ("!x.is_finite()".into(), "must be a finite number".into())
        }
        // Negated, so that NaN breaks them too.
        (_, "gt") => (
            format!("!(*x > {limit})"),
            format!("must be greater than {limit}"),
        ),
        (_, "gte") => (
            format!("!(*x >= {limit})"),
            format!("must be at least {limit}"),
        ),
        (_, "lt") => (
            format!("!(*x < {limit})"),
            format!("must be less than {limit}"),
        ),
        (_, "lte") => (
            format!("!(*x <= {limit})"),
            format!("must be at most {limit}"),
        ),
        (_, "const") => (format!("*x != {limit}"), format!("must be {limit}")),
        (_, "in") => (
            format!("![{limit}].contains(x)"),
            format!("must be one of {limit}"),
        ),
        (_, "not_in") => (
            format!("[{limit}].contains(x)"),
            format!("must not be one of {limit}"),
        ),
        _ => return None,
    };
    let element_rule = kind == "repeated" || kind == "map";
    (element_rule || field.cardinality() != Cardinality::Repeated || !matches!(rule, "unique"))
        .then_some(found)
}

fn pattern(value: &Value) -> Option<&str> {
    match value {
        Value::String(pattern) => Some(pattern),
        _ => None,
    }
}

fn span(value: &Value) -> String {
    match value {
        Value::Message(duration) => match duration.get_field_by_name("seconds").as_deref() {
            Some(Value::I64(seconds)) => format!("{seconds} seconds"),
            _ => "the limit".into(),
        },
        _ => "the limit".into(),
    }
}

/// A rule's value as Rust source.
fn literal(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::I32(value) | Value::EnumNumber(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::F32(value) => format!("{value:?}"),
        Value::F64(value) => format!("{value:?}"),
        Value::String(value) => format!("{value:?}"),
        Value::List(values) => values.iter().map(literal).collect::<Vec<_>>().join(", "),
        Value::Message(duration) => {
            let part = |name: &str| match duration.get_field_by_name(name).as_deref() {
                Some(Value::I64(value)) => value.to_string(),
                Some(Value::I32(value)) => value.to_string(),
                _ => "0".into(),
            };
            format!("({}, {})", part("seconds"), part("nanos"))
        }
        _ => String::new(),
    }
}
