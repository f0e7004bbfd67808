//! What the build refuses in a contract of ours beyond what buf lints: things without a comment,
//! inputs of another package, enums whose zero says something.

use prost_reflect::{EnumDescriptor, FileDescriptor, MessageDescriptor};
use std::{collections::HashSet, error::Error};

/// Fails with every finding at once, each with the name of the thing.
pub(crate) fn check(files: &[FileDescriptor]) -> Result<(), Box<dyn Error>> {
    let mut findings = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.package_name().starts_with("tessera."))
    {
        let commented: HashSet<Vec<i32>> = file
            .file_descriptor_proto()
            .source_code_info
            .iter()
            .flat_map(|info| &info.location)
            .filter(|location| {
                let text = location
                    .leading_comments
                    .as_deref()
                    .or(location.trailing_comments.as_deref());
                text.is_some_and(|text| !text.trim().is_empty())
            })
            .map(|location| location.path.clone())
            .collect();
        let mut need = |path: &[i32], name: &str| {
            if !commented.contains(path) {
                findings.push(format!("{}: {name} has no comment", file.name()));
            }
        };
        for service in file.services() {
            need(service.path(), service.full_name());
            for method in service.methods() {
                need(method.path(), method.full_name());
            }
        }
        file.messages()
            .for_each(|message| walk(&message, &mut need));
        file.enums().for_each(|kind| walk_enum(&kind, &mut need));
        for method in file
            .services()
            .flat_map(|s| s.methods().collect::<Vec<_>>())
        {
            let input = method.input();
            if input.full_name() != "google.protobuf.Empty"
                && input.package_name() != file.package_name()
            {
                findings.push(format!(
                    "{}: its input is of another package",
                    method.full_name()
                ));
            }
        }
        for kind in file.enums() {
            if kind.default_value().number() != 0
                || !kind.default_value().name().ends_with("_UNSPECIFIED")
            {
                findings.push(format!(
                    "{}: the zero value ends in _UNSPECIFIED",
                    kind.full_name()
                ));
            }
        }
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings.join("\n").into())
    }
}

fn walk(message: &MessageDescriptor, need: &mut impl FnMut(&[i32], &str)) {
    if message.is_map_entry() {
        return;
    }
    need(message.path(), message.full_name());
    message
        .fields()
        .for_each(|field| need(field.path(), field.full_name()));
    message
        .child_messages()
        .for_each(|child| walk(&child, need));
    message
        .child_enums()
        .for_each(|child| walk_enum(&child, need));
}

fn walk_enum(kind: &EnumDescriptor, need: &mut impl FnMut(&[i32], &str)) {
    need(kind.path(), kind.full_name());
    kind.values()
        .for_each(|value| need(value.path(), value.full_name()));
}
