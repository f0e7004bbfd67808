//! `Debug` for messages with fields marked `debug_redact`: a secret must not reach a log by `{:?}`.

use crate::names;
use prost_reflect::{FileDescriptor, MessageDescriptor, Value};
use std::fmt::Write;

/// Full names of the messages that need a `Debug` of their own, and the code of it.
pub(crate) fn generate(files: &[FileDescriptor]) -> (Vec<String>, String) {
    let (mut messages, mut code) = (Vec::new(), String::new());
    files
        .iter()
        .flat_map(|file| file.messages().collect::<Vec<_>>())
        .for_each(|message| walk(&message, &mut messages, &mut code));
    (messages, code)
}

fn walk(message: &MessageDescriptor, messages: &mut Vec<String>, code: &mut String) {
    if message.fields().any(|field| is_secret(&field)) {
        messages.push(format!(".{}", message.full_name()));
        let (path, name) = (names::message(message), message.name());
        let mut fields = String::new();
        // A secret inside a oneof would need the oneof's own Debug; hide the whole oneof instead.
        for field in message
            .fields()
            .filter(|field| field.containing_oneof().is_none_or(|o| o.is_synthetic()))
        {
            let (shown, rust) = (field.name(), names::field(field.name()));
            if is_secret(&field) {
                let _ = write!(fields, ".field({shown:?}, &\"***\")");
            } else {
                let _ = write!(fields, ".field({shown:?}, &self.{rust})");
            }
        }
        let _ = writeln!(
            code,
            "impl ::core::fmt::Debug for {path} {{\n    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> \
             ::core::fmt::Result {{\n        f.debug_struct({name:?}){fields}.finish_non_exhaustive()\n    }}\n}}"
        );
    }
    message
        .child_messages()
        .for_each(|child| walk(&child, messages, code));
}

fn is_secret(field: &prost_reflect::FieldDescriptor) -> bool {
    matches!(
        field.options().get_field_by_name("debug_redact").as_deref(),
        Some(Value::Bool(true))
    )
}
