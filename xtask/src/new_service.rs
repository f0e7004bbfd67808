//! `new-service`: writes a complete service of one resource from `xtask/templates/`, with its contract,
//! migrations and tests, and the two lines that make the binary know it.

mod lines;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::lines::{change, insert_sorted, with_contracts, with_entry, with_sibling};
use self::words::{Words, pascal};
use crate::tree::Tree;
use crate::wings::WINGS;

const TEMPLATES: &str = "xtask/templates/service";
/// The contracts crate that a new wing's is made after: they differ in the name alone.
const CONTRACTS: (&str, &str) = ("crates/proto-meaning", "meaning");
const REGISTRY: &str = "crates/server/src/registry.rs";
const CONTRACTS_LIST: &str = "crates/server/src/contracts.rs";
const SERVER: &str = "crates/server/Cargo.toml";
const ROOT: &str = "Cargo.toml";

/// Scaffolds the service `name` in `wing`.
pub(crate) fn run(root: &Path, name: &str, wing: &str) -> Result<String, String> {
    check(root, name, wing)?;
    let words = Words::new(name, wing);
    let mut written = Vec::new();

    let contracts = format!("crates/proto-{wing}");
    let adds_wing = !root.join(&contracts).join(ROOT).exists();
    if adds_wing {
        copy_contracts(root, wing, &mut written)?;
    }
    fill_folder(root, TEMPLATES, &words, &mut written)?;

    if adds_wing {
        let line = format!(
            "proto-{wing} = {{ path = \"crates/proto-{wing}\", package = \"tessera-proto-{wing}\" }}"
        );
        insert_sorted(root, ROOT, &line, "proto-", "[workspace.dependencies]")?;
        let line = format!("proto-{wing}.workspace = true");
        insert_sorted(root, SERVER, &line, "proto-", "[dependencies]")?;
        change(root, CONTRACTS_LIST, |text| with_contracts(text, wing))?;
        written.extend([ROOT, CONTRACTS_LIST].map(str::to_owned));
    }
    change(root, SERVER, |text| {
        with_sibling(text, "../../services/", name, wing)
    })?;
    change(root, REGISTRY, |text| {
        with_entry(text, wing, name, &pascal(name))
    })?;
    written.extend([SERVER, REGISTRY].map(str::to_owned));
    format_sources(root, &written);
    Ok(format!(
        "{}\nnext: describe the resource in proto/tessera/{name}/v1, then `cargo nextest run -p tessera-{name}`",
        written.join("\n")
    ))
}

/// Whether the name can be a service's, in this wing, and is free.
fn check(root: &Path, name: &str, wing: &str) -> Result<(), String> {
    let good = name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_lowercase());
    if !good {
        return Err(format!(
            "`{name}`: a service's name is one lower case word, a plural or a field of work"
        ));
    }
    let Some((_, names)) = WINGS.iter().find(|(known, _)| *known == wing) else {
        let wings: Vec<&str> = WINGS.iter().map(|(wing, _)| *wing).collect();
        return Err(format!(
            "`{wing}` is no wing; the wings are {}",
            wings.join(", ")
        ));
    };
    if !names.contains(&name) {
        return Err(format!(
            "add `{name}` to the wing `{wing}` in crates/contracts/src/wings.rs first: that table decides"
        ));
    }
    for path in [
        format!("services/{wing}/{name}"),
        format!("proto/tessera/{name}"),
        format!("migrations/{name}"),
    ] {
        let place = root.join(&path);
        if place.is_dir() && fs::read_dir(&place).is_ok_and(|mut entries| entries.next().is_some())
        {
            return Err(format!("{path} is there already"));
        }
    }
    Ok(())
}

/// Copies a folder of templates. The service's own folder gets its manifest last: a member without
/// one breaks every cargo command, a folder without members breaks none.
fn fill_folder(
    root: &Path,
    folder: &str,
    words: &Words,
    written: &mut Vec<String>,
) -> Result<(), String> {
    let place = root.join(folder);
    let tree = Tree::read(&place)?;
    let staging = root
        .join("xtask")
        .join(format!(".staging-{}", std::process::id()));
    let result = (|| {
        let mut tops = Vec::new();
        for file in &tree.files {
            let text = fs::read_to_string(place.join(&file.path))
                .map_err(|error| format!("{}: {error}", file.path))?;
            let path = words.fill(file.path.strip_suffix(".tmpl").unwrap_or(&file.path));
            let target = staging.join(&path);
            make_parent(&target)?;
            fs::write(&target, words.fill(&text)).map_err(|error| format!("{path}: {error}"))?;
            let top: PathBuf = Path::new(&path).components().take(depth(&path)).collect();
            if !tops.contains(&top) {
                tops.push(top);
            }
            written.push(path);
        }
        for top in tops {
            let target = root.join(&top);
            make_parent(&target)?;
            // An empty folder in the way is no service.
            let _ = fs::remove_dir(&target);
            fs::rename(staging.join(&top), &target)
                .map_err(|error| format!("{}: {error}", top.display()))?;
        }
        Ok(())
    })();
    let _ = fs::remove_dir_all(&staging);
    result
}

/// Makes the contracts crate of a wing after another's.
fn copy_contracts(root: &Path, wing: &str, written: &mut Vec<String>) -> Result<(), String> {
    let (folder, named) = CONTRACTS;
    for file in &Tree::read(&root.join(folder))?.files {
        let text = file.text.split("\n#[cfg(test)]").next().unwrap_or("");
        let path = format!("crates/proto-{wing}/{}", file.path);
        make_parent(&root.join(&path))?;
        fs::write(root.join(&path), text.replace(named, wing))
            .map_err(|error| format!("{path}: {error}"))?;
        written.push(path);
    }
    Ok(())
}

/// How many leading folders of a written path are moved into place at once.
fn depth(path: &str) -> usize {
    match path.split('/').next() {
        Some("services" | "proto") => 3,
        _ => 2,
    }
}

fn make_parent(path: &Path) -> Result<(), String> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))
}

/// Names have different lengths, so templates cannot be formatted beforehand.
fn format_sources(root: &Path, written: &[String]) {
    let sources = written.iter().filter(|path| path.ends_with(".rs"));
    let _ = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .args(sources)
        .current_dir(root)
        .status();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_before_anything_is_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let refused = |name, wing| run(folder.path(), name, wing).expect_err("refused");
        assert!(refused("Orders", "work").contains("lower case"));
        assert!(refused("orders", "nowhere").contains("no wing"));
        assert!(refused("orders", "work").contains("crates/contracts/src/wings.rs"));
        fs::create_dir_all(folder.path().join("migrations/agents/sqlite")).expect("a folder");
        assert!(refused("agents", "work").contains("there already"));
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }
}
