//! Documents that the binary prints: the OpenAPI description and the list of errors.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Writes the OpenAPI description below the target folder, once it is seen to hold together. It is not kept in git: every
/// server hands it out, it is large, and `tests/snapshots` has one line for each RPC to review.
pub(crate) fn openapi(root: &Path, check: bool) -> Result<String, String> {
    let text = tessera(root, "openapi")?;
    let document: Value =
        serde_json::from_str(&text).map_err(|error| format!("tessera openapi: {error}"))?;
    let operations = operations(&document).map_err(|error| format!("tessera openapi: {error}"))?;
    if check {
        return Ok(format!(
            "the OpenAPI description has {operations} operations"
        ));
    }
    let path = target(root).join("openapi.json");
    let text = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
    fs::write(&path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(format!("wrote {}: {operations} operations", path.display()))
}

/// How many operations there are, if each has a name of its own and whatever is referred to is there.
fn operations(document: &Value) -> Result<usize, String> {
    if !document["openapi"]
        .as_str()
        .is_some_and(|version| version.starts_with("3.1"))
    {
        return Err("is no OpenAPI 3.1".to_owned());
    }
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (verb, operation) in item.as_object().into_iter().flatten() {
            let name = operation["operationId"].as_str().unwrap_or("");
            if name.is_empty() || !names.insert(name) {
                return Err(format!(
                    "{verb} {path}: operationId {name:?} is empty or taken"
                ));
            }
        }
    }
    match dangling(document, document) {
        Some(reference) => Err(format!("nothing is at {reference}")),
        None if names.is_empty() => Err("has no operations".to_owned()),
        None => Ok(names.len()),
    }
}

/// The first reference within `part` that leads nowhere in `document`.
fn dangling(document: &Value, part: &Value) -> Option<String> {
    match part {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                let found = reference
                    .strip_prefix('#')
                    .and_then(|path| document.pointer(path));
                if found.is_none() {
                    return Some(reference.to_owned());
                }
            }
            fields.values().find_map(|value| dangling(document, value))
        }
        Value::Array(items) => items.iter().find_map(|value| dangling(document, value)),
        _ => None,
    }
}

/// Where cargo builds.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Writes `docs/errors.md`, or with `check` says whether it is out of date.
pub(crate) fn errors(root: &Path, check: bool) -> Result<String, String> {
    write(root, "docs/errors.md", &tessera(root, "errors")?, check)
}

fn write(root: &Path, path: &str, text: &str, check: bool) -> Result<String, String> {
    let place = root.join(path);
    if fs::read_to_string(&place).is_ok_and(|found| found == text) {
        return Ok(format!("{path} is up to date"));
    }
    if check {
        return Err(format!(
            "{path} is out of date: run the verb without --check"
        ));
    }
    fs::write(&place, text).map_err(|error| format!("{path}: {error}"))?;
    Ok(format!("wrote {path}"))
}

/// What a command of the binary prints: of the one that `TESSERA` names, else of one built first.
fn tessera(root: &Path, command: &str) -> Result<String, String> {
    let mut program = match std::env::var_os("TESSERA") {
        Some(built) => Command::new(built),
        None => {
            let mut cargo = Command::new("cargo");
            cargo.args("run --quiet --package tessera-server --bin tessera --".split(' '));
            cargo
        }
    };
    let output = program
        .arg(command)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("tessera {command}: {error}"))?;
    if !output.status.success() {
        return Err(format!("tessera {command}: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("tessera {command}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_finds_what_is_out_of_date_and_leaves_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("docs")).expect("a folder");
        let at = |text: &str, check| write(folder.path(), "docs/a.md", text, check);
        assert!(at("one", true).is_err());
        assert_eq!(at("one", false), Ok("wrote docs/a.md".to_owned()));
        assert_eq!(at("one", true), Ok("docs/a.md is up to date".to_owned()));
        assert!(at("two", true).is_err());
        assert_eq!(
            fs::read_to_string(folder.path().join("docs/a.md")).expect("the file"),
            "one"
        );
    }

    #[test]
    fn a_description_that_does_not_hold_together_is_refused() {
        let document = |id: &str, reference: &str| {
            serde_json::json!({
                "openapi": "3.1.0",
                "paths": {
                    "/a": {"get": {"operationId": "A", "schema": {"$ref": reference}}},
                    "/b": {"get": {"operationId": id}}
                },
                "components": {"schemas": {"x/y": {}}}
            })
        };
        assert_eq!(
            operations(&document("B", "#/components/schemas/x~1y")),
            Ok(2)
        );
        assert!(
            operations(&document("A", "#/components")).is_err_and(|said| said.contains("taken"))
        );
        assert!(
            operations(&document("B", "#/nothing")).is_err_and(|said| said.contains("#/nothing"))
        );
        assert!(operations(&serde_json::json!({"openapi": "3.1.0"})).is_err());
    }
}
