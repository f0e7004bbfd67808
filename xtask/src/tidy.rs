//! `tidy`: the house rules that no compiler knows. A rule is a function from a tree of files to
//! problems; what may break one stands in `tidy/exceptions.toml` with its reason.

mod code;
mod contracts;
mod exceptions;
mod imports;
mod layers;
mod migrations;
mod names;
mod sources;

use std::fmt;
use std::path::Path;

use crate::tree::Tree;

/// Something that breaks a rule, or is about to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) rule: &'static str,
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) warning: bool,
}

impl Problem {
    fn new(rule: &'static str, path: &str, line: usize, text: impl Into<String>) -> Self {
        Self {
            rule,
            path: path.to_owned(),
            line,
            text: text.into(),
            warning: false,
        }
    }

    fn warning(mut self) -> Self {
        self.warning = true;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.warning { "warning" } else { "error" };
        write!(out, "{level}[{}]: {}", self.rule, self.path)?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
        }
        write!(out, ": {}", self.text)
    }
}

/// Checks the workspace at `root`; an error where a rule is broken.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let tree = Tree::read(root)?;
    let problems = check(&tree)?;
    let errors = problems.iter().filter(|problem| !problem.warning).count();
    let mut said: String = problems
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect();
    let files = tree.files.len();
    if errors > 0 {
        said += &format!("tidy: {errors} errors in {files} files");
        return Err(said);
    }
    Ok(said + &format!("tidy: {files} files are in order"))
}

fn check(tree: &Tree) -> Result<Vec<Problem>, String> {
    let mut problems = Vec::new();
    problems.extend(layers::dependencies(tree)?);
    problems.extend(layers::lints(tree)?);
    problems.extend(layers::calls(tree));
    problems.extend(imports::imports(tree));
    problems.extend(sources::length(tree));
    problems.extend(sources::opening(tree));
    problems.extend(names::services(tree)?);
    problems.extend(names::crates(tree)?);
    problems.extend(migrations::migrations(tree));
    problems.extend(contracts::methods(tree));
    problems.extend(contracts::imports(tree));
    problems.extend(contracts::licences(tree));
    exceptions::apply(tree, problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_error_fails_the_run_and_a_warning_does_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        fs::write(root.join("Cargo.toml"), "[workspace]\n").expect("a file");
        fs::create_dir_all(root.join("crates/value/src")).expect("a folder");
        let manifest = "[package]\nname = \"tessera-value\"\n[lib]\nname = \"value\"\n[lints]\nworkspace = true\n";
        fs::write(root.join("crates/value/Cargo.toml"), manifest).expect("a file");
        let long = format!("//! Values.\n{}", "// a line\n".repeat(450));
        fs::write(root.join("crates/value/src/lib.rs"), &long).expect("a file");
        let said = run(root).expect("only a warning");
        assert!(
            said.starts_with("warning[length]: crates/value/src/lib.rs: 451 lines"),
            "{said}"
        );

        fs::write(root.join("crates/value/src/lib.rs"), "fn main() {}\n").expect("a file");
        let said = run(root).expect_err("no opening comment");
        assert!(
            said.starts_with("error[opening]: crates/value/src/lib.rs:1:"),
            "{said}"
        );
    }
}
