//! What an RPC's `google.api.http` option says, as it stands in the descriptors.

use prost_reflect::{DynamicMessage, ExtensionDescriptor, MethodDescriptor, ReflectMessage, Value};

/// One binding of a method to an HTTP method and path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// HTTP method, such as `GET`.
    pub(crate) method: String,
    /// Path template.
    pub(crate) template: String,
    /// `*`, a field, or nothing.
    pub(crate) body: String,
    /// A field of the answer, or nothing.
    pub(crate) response_body: String,
}

/// The rules of a method: its own first, then the additional ones.
pub(crate) fn rules(
    extension: &ExtensionDescriptor,
    method: &MethodDescriptor,
) -> Result<Vec<Rule>, String> {
    let options = method.options();
    if !options.has_extension(extension) {
        return Ok(Vec::new());
    }
    let value = options.get_extension(extension);
    let Value::Message(first) = value.as_ref() else {
        return Ok(Vec::new());
    };
    let mut rules = vec![rule(first)?];
    if let Some(more) = first.get_field_by_name("additional_bindings")
        && let Some(more) = more.as_list()
    {
        for next in more.iter().filter_map(Value::as_message) {
            rules.push(rule(next)?);
        }
    }
    Ok(rules)
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message
        .get_field_by_name(field)
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn rule(message: &DynamicMessage) -> Result<Rule, String> {
    debug_assert_eq!(message.descriptor().name(), "HttpRule");
    let standard = ["get", "put", "post", "delete", "patch"]
        .into_iter()
        .find_map(|kind| {
            let path = text(message, kind);
            (!path.is_empty()).then(|| (kind.to_uppercase(), path))
        });
    let (method, template) = standard
        .or_else(|| {
            let custom = message.get_field_by_name("custom")?;
            let custom = custom.as_message()?;
            Some((text(custom, "kind"), text(custom, "path"))).filter(|(kind, _)| !kind.is_empty())
        })
        .ok_or("an HTTP rule without a path")?;
    Ok(Rule {
        method,
        template,
        body: text(message, "body"),
        response_body: text(message, "response_body"),
    })
}
