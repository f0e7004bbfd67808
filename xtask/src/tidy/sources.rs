//! Rules about a source file on its own: how long it is and how it opens.

use super::Problem;
use crate::tree::{File, Tree};

const LIMIT: usize = 600;
const LOOK_TWICE: usize = 400;
/// Written by others or made by a program.
const FOREIGN: &[&str] = &[
    "proto/google/",
    "proto/buf/",
    "proto/io/",
    "xtask/templates/",
];

/// A file over 600 lines fails; over 400 it is time to look twice. Tests are looked at, not failed.
pub(super) fn length(tree: &Tree) -> Vec<Problem> {
    let endings = [".rs", ".proto", ".ts", ".tsx"];
    let ours = tree
        .files
        .iter()
        .filter(|file| is_ours(file) && endings.iter().any(|ending| file.path.ends_with(ending)));
    ours.filter_map(|file| {
        let lines = file.text.lines().count();
        let long = Problem::new("length", &file.path, 0, format!("{lines} lines"));
        match lines {
            0..=LOOK_TWICE => None,
            _ if lines > LIMIT && !file.is_test() => Some(Problem {
                text: format!("{lines} lines, the limit is {LIMIT}: split it"),
                ..long
            }),
            _ => Some(long.warning()),
        }
    })
    .collect()
}

/// Every Rust file says in its first line what it is for.
pub(super) fn opening(tree: &Tree) -> Vec<Problem> {
    let rust = tree
        .files
        .iter()
        .filter(|file| file.is_rust() && is_ours(file));
    let mut problems: Vec<Problem> = rust
        .clone()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| {
            Problem::new(
                "opening",
                &file.path,
                1,
                "opens with `//!` and what the file is for",
            )
        })
        .collect();
    let old_style = rust.filter(|file| file.name() == "mod.rs");
    problems.extend(old_style.map(|file| {
        Problem::new(
            "opening",
            &file.path,
            0,
            "`foo.rs` beside `foo/`, never `mod.rs`",
        )
    }));
    problems
}

fn is_ours(file: &File) -> bool {
    !FOREIGN.iter().any(|prefix| file.path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tree_of;

    #[test]
    fn an_oversized_file_fails() {
        let lines = |count: usize| format!("//! Long.\n{}", "\n".repeat(count));
        let tree = tree_of(&[
            ("crates/a/src/fine.rs", &lines(300)),
            ("crates/a/src/long.rs", &lines(450)),
            ("crates/a/src/over.rs", &lines(700)),
            ("crates/a/src/tests/over.rs", &lines(700)),
            ("proto/buf/validate/validate.proto", &lines(5000)),
        ]);
        let problems = length(&tree);
        let found: Vec<(&str, bool)> = problems
            .iter()
            .map(|problem| (problem.path.as_str(), problem.warning))
            .collect();
        assert_eq!(
            found,
            [
                ("crates/a/src/long.rs", true),
                ("crates/a/src/over.rs", false),
                ("crates/a/src/tests/over.rs", true)
            ]
        );
    }

    #[test]
    fn a_file_without_an_opening_fails() {
        let tree = tree_of(&[
            ("crates/a/src/lib.rs", "//! A.\n"),
            ("crates/a/src/b.rs", "use x;\n"),
            ("crates/a/src/c/mod.rs", "//! C.\n"),
        ]);
        let paths: Vec<String> = opening(&tree)
            .into_iter()
            .map(|problem| problem.path)
            .collect();
        assert_eq!(paths, ["crates/a/src/b.rs", "crates/a/src/c/mod.rs"]);
    }
}
