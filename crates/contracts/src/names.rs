//! How prost names things in Rust, for code that is generated beside prost's own.

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_reflect::MessageDescriptor;

const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// A field or module name: snake case, raw where it is a keyword.
pub(crate) fn field(name: &str) -> String {
    let name = name.to_snake_case();
    match name.as_str() {
        "self" | "super" | "crate" | "extern_" => format!("{name}_"),
        keyword if KEYWORDS.contains(&keyword) => format!("r#{name}"),
        _ => name,
    }
}

/// A type or variant name.
pub(crate) fn variant(name: &str) -> String {
    let name = name.to_upper_camel_case();
    if name == "Self" { "Self_".into() } else { name }
}

/// `tessera.type.v1` as `tessera::r#type::v1`.
pub(crate) fn module(package: &str) -> String {
    package.split('.').map(field).collect::<Vec<_>>().join("::")
}

/// The path of a message's type below the crate root.
pub(crate) fn message(message: &MessageDescriptor) -> String {
    format!("{}::{}", scope(message), variant(message.name()))
}

/// The path of the module that holds a message's oneofs and nested messages.
pub(crate) fn inner(message: &MessageDescriptor) -> String {
    format!("{}::{}", scope(message), field(message.name()))
}

fn scope(message: &MessageDescriptor) -> String {
    match message.parent_message() {
        Some(parent) => inner(&parent),
        None => format!("crate::{}", module(message.package_name())),
    }
}
