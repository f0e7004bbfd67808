//! The files of a workspace as the rules see them: paths relative to its root, with `/`, and text.

use std::fs;
use std::path::Path;

/// Folders that hold nothing of ours, wherever they are.
const SKIPPED: &[&str] = &[
    ".git",
    ".tessera",
    "target",
    "node_modules",
    "generated",
    "dist",
    "__pycache__",
];
/// What rules read; of other files only the path is known.
const TEXT: &[&str] = &["rs", "toml", "proto", "sql", "ts", "tsx"];

/// One file.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The file's name without its folders.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is there for tests, benches or the build only.
    pub(crate) fn is_test(&self) -> bool {
        let inside = |folder: &str| self.path.contains(&format!("/{folder}/"));
        inside("tests")
            || inside("benches")
            || inside("examples")
            || self.path.starts_with("tests/")
            || self.path.starts_with("crates/contracts/")
            || self.name() == "tests.rs"
            || self.name() == "build.rs"
    }
}

/// Every file of a workspace, sorted by path.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// Reads the workspace at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let mut files = Vec::new();
        walk(root, "", &mut files)?;
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Self { files })
    }

    /// The files whose path starts with `prefix`.
    pub(crate) fn under<'tree>(
        &'tree self,
        prefix: &'tree str,
    ) -> impl Iterator<Item = &'tree File> {
        self.files
            .iter()
            .filter(move |file| file.path.starts_with(prefix))
    }

    /// The text of the file at `path`.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        let found = self.files.binary_search_by(|file| (*file.path).cmp(path));
        found.ok().map(|index| self.files[index].text.as_str())
    }

    /// The names of the folders directly in `folder`.
    pub(crate) fn folders(&self, folder: &str) -> Vec<&str> {
        let prefix = format!("{folder}/");
        let mut names: Vec<&str> = self
            .files
            .iter()
            .filter_map(|file| {
                let rest = file.path.strip_prefix(&prefix)?;
                rest.split_once('/').map(|(name, _)| name)
            })
            .collect();
        names.dedup();
        names
    }

    /// Every service, as its wing and its name.
    pub(crate) fn services(&self) -> Vec<(&str, &str)> {
        let mut services = Vec::new();
        for wing in self.folders("services") {
            let folder = format!("services/{wing}/");
            let mut names: Vec<&str> = self
                .files
                .iter()
                .filter_map(|file| {
                    let rest = file.path.strip_prefix(&folder)?;
                    rest.split_once('/').map(|(name, _)| name)
                })
                .collect();
            names.dedup();
            services.extend(names.into_iter().map(|name| (wing, name)));
        }
        services
    }
}

fn walk(root: &Path, folder: &str, files: &mut Vec<File>) -> Result<(), String> {
    let place = root.join(folder);
    let entries = fs::read_dir(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = if folder.is_empty() {
            name.clone()
        } else {
            format!("{folder}/{name}")
        };
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(root, &path, files)?;
            }
        } else if kind.is_file() {
            let is_text = TEXT.iter().any(|ending| {
                name.rsplit_once('.')
                    .is_some_and(|(_, found)| found == *ending)
            });
            let text = if is_text {
                fs::read_to_string(entry.path()).map_err(|error| format!("{path}: {error}"))?
            } else {
                String::new()
            };
            files.push(File { path, text });
        }
    }
    Ok(())
}

/// A tree of made-up files, for the rules' tests.
#[cfg(test)]
pub(crate) fn tree_of(files: &[(&str, &str)]) -> Tree {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let place = folder.path().join(path);
        fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
        fs::write(place, text).expect("a file");
    }
    Tree::read(folder.path()).expect("a readable tree")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_services_and_skips_what_is_not_ours() {
        let tree = tree_of(&[
            ("services/meaning/metadata/Cargo.toml", "[package]"),
            ("services/meaning/governance/src/lib.rs", "//! g"),
            ("services/platform/identity/src/lib.rs", "//! i"),
            ("target/debug/out.rs", ""),
        ]);
        assert_eq!(
            tree.services(),
            [
                ("meaning", "governance"),
                ("meaning", "metadata"),
                ("platform", "identity")
            ]
        );
        assert!(tree.text("target/debug/out.rs").is_none());
        assert_eq!(
            tree.text("services/meaning/governance/src/lib.rs"),
            Some("//! g")
        );
    }
}
