//! Generates `Check` for every message from its `buf.validate` options. A rule that has no check
//! here fails the build: a constraint that nobody enforces must not stand in a contract.

use crate::{
    names,
    rules::{condition, zero},
};
use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, FileDescriptor, Kind,
    MessageDescriptor, OneofDescriptor, Value,
};
use std::{collections::HashSet, error::Error, fmt::Write};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// `impl Check` for the messages of `files`; `wing` says whether the code stands outside crate `proto`.
pub(crate) fn generate(
    pool: &DescriptorPool,
    files: &[FileDescriptor],
    wing: bool,
) -> Fallible<String> {
    let inputs: HashSet<String> = files
        .iter()
        .flat_map(|file| file.services().collect::<Vec<_>>())
        .flat_map(|service| {
            service
                .methods()
                .map(|m| m.input().full_name().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let generator = Generator {
        field_rules: pool.get_extension_by_name("buf.validate.field"),
        oneof_rules: pool.get_extension_by_name("buf.validate.oneof"),
        root: if wing { "::proto" } else { "crate" },
        inputs,
    };
    let mut out = String::new();
    for file in files {
        for message in file.messages() {
            generator.message(&message, &mut out)?;
        }
    }
    Ok(out)
}

struct Generator {
    field_rules: Option<ExtensionDescriptor>,
    oneof_rules: Option<ExtensionDescriptor>,
    root: &'static str,
    inputs: HashSet<String>,
}

impl Generator {
    fn message(&self, message: &MessageDescriptor, out: &mut String) -> Fallible<()> {
        if message.is_map_entry() {
            return Ok(());
        }
        let mut body = String::new();
        for field in message.fields() {
            if field
                .containing_oneof()
                .is_none_or(|oneof| oneof.is_synthetic())
            {
                self.field(&field, &mut body)?;
            }
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            self.oneof(message, &oneof, &mut body)?;
        }
        let (root, input) = (self.root, self.inputs.contains(message.full_name()));
        writeln!(
            out,
            "#[allow(unused_variables, clippy::all)]\nimpl {root}::check::Check for {name} {{\n    const INPUT: bool = {input};\n    \
             fn check(&self, path: &mut {root}::check::Path, out: &mut Vec<{root}::check::Violation>) {{\n{body}    }}\n}}",
            name = names::message(message),
        )?;
        message
            .child_messages()
            .try_for_each(|child| self.message(&child, out))
    }

    fn field(&self, field: &FieldDescriptor, out: &mut String) -> Fallible<()> {
        let rules = self.rules(field);
        let (name, rust) = (field.name(), names::field(field.name()));
        if rules.ignored == Ignore::Always {
            return Ok(());
        }
        if rules.required {
            let missing = if field.is_list() || field.is_map() {
                format!("self.{rust}.is_empty()")
            } else if field.supports_presence() {
                format!("self.{rust}.is_none()")
            } else {
                zero(field, &format!("self.{rust}"))
            };
            violation(out, &missing, name, "REQUIRED", "is required")?;
        }
        let mut body = String::new();
        self.text(field, &mut body)?;
        for (kind, rule) in &rules.typed {
            self.typed(field, kind, rule, &mut body)?;
        }
        let full = self.full();
        if field.is_list() {
            if self.checked(&field.kind()) {
                body.push_str(&format!("for (i, y) in x.iter().enumerate() {{ {full} path.push_index({name:?}, i); y.check(path, out); path.pop(); }}\n"));
            }
            scoped(
                out,
                &format!("{{ let x = &self.{rust};"),
                &body,
                rules.ignored,
                "!x.is_empty()",
            );
        } else if field.is_map() {
            let Kind::Message(entry) = field.kind() else {
                return Ok(());
            };
            if self.checked(&entry.map_entry_value_field().kind()) {
                body.push_str(&format!("for (k, y) in x.iter() {{ {full} path.push_key({name:?}, k); y.check(path, out); path.pop(); }}\n"));
            }
            scoped(
                out,
                &format!("{{ let x = &self.{rust};"),
                &body,
                rules.ignored,
                "!x.is_empty()",
            );
        } else if field.supports_presence() {
            if self.checked(&field.kind()) {
                body.push_str(&self.nested(field));
            }
            let filled = match field.kind() {
                Kind::Message(_) => "true".into(),
                _ => format!("!({})", zero(field, "*x")),
            };
            scoped(
                out,
                &format!("if let Some(x) = &self.{rust} {{"),
                &body,
                rules.ignored,
                &filled,
            );
        } else {
            scoped(
                out,
                &format!("{{ let x = &self.{rust};"),
                &body,
                rules.ignored,
                &format!("!({})", zero(field, "*x")),
            );
        }
        Ok(())
    }

    /// Stops a loop over elements once there are violations enough: a request of a million wrong
    /// elements must not become an answer of a million violations.
    fn full(&self) -> String {
        format!("if out.len() >= {}::check::MOST {{ break; }}", self.root)
    }

    /// No text holds a NUL: PostgreSQL cannot store it, and no field of ours means anything by it.
    fn text(&self, field: &FieldDescriptor, out: &mut String) -> Fallible<()> {
        let (name, full) = (field.name(), self.full());
        let rule = r#""NO_NUL", "must not contain NUL characters""#;
        let is_text = |kind: &Kind| matches!(kind, Kind::String);
        if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
            for (part, kind) in [
                ("k", entry.map_entry_key_field()),
                ("x", entry.map_entry_value_field()),
            ] {
                if is_text(&kind.kind()) {
                    writeln!(
                        out,
                        "for (k, x) in x.iter() {{ {full} if {part}.contains('\\0') {{ path.push_key({name:?}, k); \
                         out.push(path.here({rule})); path.pop(); }} }}"
                    )?;
                }
            }
        } else if field.is_list() && is_text(&field.kind()) {
            writeln!(
                out,
                "for (i, x) in x.iter().enumerate() {{ {full} if x.contains('\\0') {{ path.push_index({name:?}, i); \
                 out.push(path.here({rule})); path.pop(); }} }}"
            )?;
        } else if is_text(&field.kind()) {
            writeln!(
                out,
                "if x.contains('\\0') {{ out.push(path.at({name:?}, {rule})); }}"
            )?;
        }
        Ok(())
    }

    /// Descends into a message field. A field that a sibling `update_mask` leaves out is not judged:
    /// a partial update carries defaults there.
    fn nested(&self, field: &FieldDescriptor) -> String {
        let name = field.name();
        let masked = field.parent_message().get_field_by_name("update_mask").is_some_and(|mask| {
            matches!(mask.kind(), Kind::Message(m) if m.full_name() == "google.protobuf.FieldMask")
        });
        let descend = format!("path.push({name:?}); x.check(path, out); path.pop();");
        if masked {
            let root = self.root;
            format!(
                "let from = out.len(); {descend} {root}::check::keep_masked({name:?}, self.update_mask.as_ref(), from, out);\n"
            )
        } else {
            format!("{descend}\n")
        }
    }

    fn oneof(
        &self,
        message: &MessageDescriptor,
        oneof: &OneofDescriptor,
        out: &mut String,
    ) -> Fallible<()> {
        let rust = names::field(oneof.name());
        let options = oneof.options();
        let required = self.oneof_rules.as_ref().filter(|rules| options.has_extension(rules)).is_some_and(|rules| {
            matches!(&*options.get_extension(rules), Value::Message(rules)
                if matches!(rules.get_field_by_name("required").as_deref(), Some(Value::Bool(true))))
        });
        if required {
            violation(
                out,
                &format!("self.{rust}.is_none()"),
                oneof.name(),
                "REQUIRED",
                "one of its members is required",
            )?;
        }
        let mut arms = String::new();
        for field in oneof.fields() {
            let rules = self.rules(&field);
            let mut body = String::new();
            self.text(&field, &mut body)?;
            for (kind, rule) in &rules.typed {
                self.typed(&field, kind, rule, &mut body)?;
            }
            if self.checked(&field.kind()) {
                body.push_str(&self.nested(&field));
            }
            if !body.is_empty() {
                writeln!(
                    arms,
                    "{}::{}::{}(x) => {{ {body} }}",
                    names::inner(message),
                    names::variant(oneof.name()),
                    names::variant(field.name())
                )?;
            }
        }
        if !arms.is_empty() {
            writeln!(
                out,
                "if let Some(one) = &self.{rust} {{ #[allow(unreachable_patterns)] match one {{ {arms} _ => {{}} }} }}"
            )?;
        }
        Ok(())
    }

    /// Whether a value of this kind has a `Check` of its own.
    fn checked(&self, kind: &Kind) -> bool {
        matches!(kind, Kind::Message(message) if !message.full_name().starts_with("google.protobuf."))
    }

    fn rules(&self, field: &FieldDescriptor) -> Rules {
        let mut found = Rules::default();
        let options = field.options();
        let Some(extension) = self
            .field_rules
            .as_ref()
            .filter(|rules| options.has_extension(rules))
        else {
            return found;
        };
        let value = options.get_extension(extension).into_owned();
        if let Value::Message(rules) = value {
            for (descriptor, value) in rules.fields() {
                match (descriptor.name(), value) {
                    ("required", Value::Bool(required)) => found.required = *required,
                    ("ignore", Value::EnumNumber(1)) => found.ignored = Ignore::Zero,
                    ("ignore", Value::EnumNumber(3)) => found.ignored = Ignore::Always,
                    (kind, Value::Message(rule)) => {
                        found.typed.push((kind.to_owned(), rule.clone()))
                    }
                    (other, _) => found.typed.push((other.to_owned(), rules.clone())),
                }
            }
        }
        found
    }

    /// The checks of one typed rule set over `x`, a reference to the field's value.
    fn typed(
        &self,
        field: &FieldDescriptor,
        kind: &str,
        rule: &DynamicMessage,
        out: &mut String,
    ) -> Fallible<()> {
        let (name, full) = (field.name(), self.full());
        for (descriptor, value) in rule.fields() {
            match (kind, descriptor.name(), value) {
                ("repeated", "items", Value::Message(items)) => {
                    let body = self.elements(field, items)?;
                    writeln!(
                        out,
                        "for (i, x) in x.iter().enumerate() {{ {full} path.push_index({name:?}, i); {body} path.pop(); }}"
                    )?;
                }
                ("map", "keys" | "values", Value::Message(items)) => {
                    let body = self.elements(field, items)?;
                    let bound = if descriptor.name() == "keys" {
                        "for k in x.keys() { let x = k;"
                    } else {
                        "for (k, x) in x.iter() {"
                    };
                    writeln!(
                        out,
                        "{bound} {full} path.push_key({name:?}, k); {body} path.pop(); }}"
                    )?;
                }
                (_, rule_name, value) => {
                    let (condition, description) = condition(field, kind, rule_name, value)
                        .ok_or_else(|| {
                            format!(
                                "{}: no check for rule {kind}.{rule_name}",
                                field.full_name()
                            )
                        })?;
                    let condition = condition.replace("$root", self.root);
                    violation(
                        out,
                        &condition,
                        name,
                        &rule_name.to_uppercase(),
                        &description,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Checks of list elements and of a map's keys and values; the path already names the element.
    fn elements(&self, field: &FieldDescriptor, rules: &DynamicMessage) -> Fallible<String> {
        let mut body = String::new();
        for (descriptor, value) in rules.fields() {
            let Value::Message(rule) = value else {
                return Err(format!(
                    "{}: no check for items.{}",
                    field.full_name(),
                    descriptor.name()
                )
                .into());
            };
            for (inner, value) in rule.fields() {
                let (condition, description) =
                    condition(field, descriptor.name(), inner.name(), value).ok_or_else(|| {
                        format!(
                            "{}: no check for rule {}.{}",
                            field.full_name(),
                            descriptor.name(),
                            inner.name()
                        )
                    })?;
                let condition = condition.replace("$root", self.root);
                writeln!(
                    body,
                    "if {condition} {{ out.push(path.here({:?}, {description:?})); }}",
                    inner.name().to_uppercase()
                )?;
            }
        }
        Ok(body)
    }
}

#[derive(Default)]
struct Rules {
    required: bool,
    ignored: Ignore,
    typed: Vec<(String, DynamicMessage)>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Ignore {
    #[default]
    Never,
    Zero,
    Always,
}

fn violation(
    out: &mut String,
    condition: &str,
    field: &str,
    rule: &str,
    description: &str,
) -> std::fmt::Result {
    writeln!(
        out,
        "if {condition} {{ out.push(path.at({field:?}, {rule:?}, {description:?})); }}"
    )
}

fn scoped(out: &mut String, open: &str, body: &str, ignore: Ignore, filled: &str) {
    if body.is_empty() {
        return;
    }
    let body = match ignore {
        Ignore::Zero => format!("if {filled} {{ {body} }}"),
        _ => body.to_owned(),
    };
    out.push_str(&format!("{open} {body} }}\n"));
}
