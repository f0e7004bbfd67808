//! Documents that the binary prints: the OpenAPI description and the list of errors.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes `docs/openapi.json`, or with `check` says whether it is out of date.
pub(crate) fn openapi(root: &Path, check: bool) -> Result<String, String> {
    let text = tessera(root, "openapi")?;
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("tessera openapi: {error}"))?;
    let text = serde_json::to_string_pretty(&value).map_err(|error| error.to_string())?;
    write(root, "docs/openapi.json", &(text + "\n"), check)
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

/// What a command of the binary prints, once it is built.
fn tessera(root: &Path, command: &str) -> Result<String, String> {
    let arguments = "run --quiet --package tessera-server --bin tessera --";
    let output = Command::new("cargo")
        .args(arguments.split(' '))
        .arg(command)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
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
}
