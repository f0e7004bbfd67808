//! One name, everywhere: a service's folder, package, contract, migrations and registry line say the
//! same word, and so do a crate's folder, package and library.

use super::Problem;
use super::layers::{manifests, package_name};
use crate::tree::Tree;
use crate::wings::WINGS;

/// Names that say nothing, and so would gather everything.
const FORBIDDEN: &[&str] = &[
    "common", "utils", "util", "types", "core", "helpers", "shared", "misc",
];
/// Contract packages that are no service's.
const OTHER_CONTRACTS: &[&str] = &["options", "type", "mesh", "jobs", "gateway"];

/// Each service has its ten places, all under one name, in the wing that the table gives it.
pub(super) fn services(tree: &Tree) -> Result<Vec<Problem>, String> {
    let mut problems = Vec::new();
    let registry = tree.text("crates/server/src/registry.rs").unwrap_or("");
    for (wing, name) in tree.services() {
        let folder = format!("services/{wing}/{name}");
        let mut problem = |text: String| problems.push(Problem::new("one-name", &folder, 0, text));
        match WINGS.iter().find(|(known, _)| *known == wing) {
            None => problem(format!("`{wing}` is no wing")),
            Some((_, names)) if !names.contains(&name) => {
                problem(format!(
                    "crates/contracts/src/wings.rs does not have `{name}` in the wing `{wing}`"
                ));
            }
            Some(_) => {}
        }
        if tree.text(&format!("{folder}/Cargo.toml")).is_none() {
            problem("has no Cargo.toml".to_owned());
            continue;
        }
        let library = name.replace('-', "_");
        if !tree
            .text(&format!("{folder}/src/lib.rs"))
            .is_some_and(|text| {
                text.contains(&format!("&'static str = \"{name}\""))
                    || text.contains(&format!("&str = \"{name}\""))
            })
        {
            problem(format!(
                "src/lib.rs does not say `const NAME: &'static str = \"{name}\"`"
            ));
        }
        let package = format!("package tessera.{library}.v1;");
        let prefix = format!("proto/tessera/{library}/v1/");
        let mut contracts = tree.under(&prefix).peekable();
        if contracts.peek().is_none() {
            problem(format!("has no contract in {prefix}"));
        }
        for contract in contracts.filter(|file| !file.text.contains(&package)) {
            problem(format!("{} does not say `{package}`", contract.path));
        }
        let tables = !tree
            .text(&format!("{folder}/src/lib.rs"))
            .is_some_and(|text| text.contains(&format!("db::migrations!(\"{name}\")")));
        if tables && tree.under(&format!("migrations/{name}/")).next().is_none() {
            problem(format!("has no migrations in migrations/{name}/"));
        }
        if !registry.contains(&format!("tessera_{library}::"))
            && !registry.contains(&format!("{library}::"))
        {
            problem("has no line in crates/server/src/registry.rs".to_owned());
        }
    }
    problems.extend(orphans(tree));
    Ok(problems)
}

/// Contracts and migrations without a service.
fn orphans(tree: &Tree) -> Vec<Problem> {
    let services = tree.services();
    let known = |name: &str| services.iter().any(|(_, service)| *service == name);
    let contracts = tree
        .folders("proto/tessera")
        .into_iter()
        .filter(|name| {
            !known(&name.replace('_', "-")) && !known(name) && !OTHER_CONTRACTS.contains(name)
        })
        .map(|name| {
            Problem::new(
                "one-name",
                &format!("proto/tessera/{name}"),
                0,
                "no service has this name",
            )
        });
    let migrations = tree
        .folders("migrations")
        .into_iter()
        .filter(|name| !known(name) && *name != "_ground")
        .map(|name| {
            Problem::new(
                "one-name",
                &format!("migrations/{name}"),
                0,
                "no service has this name",
            )
        });
    contracts.chain(migrations).collect()
}

/// Crates and services: the folder is the package (`tessera-<folder>`) and the library, and the name means something.
pub(super) fn crates(tree: &Tree) -> Result<Vec<Problem>, String> {
    let mut problems = Vec::new();
    for (path, manifest) in manifests(tree)? {
        let mut parts = path.rsplit('/').skip(1);
        let (Some(folder), Some(_)) = (parts.next(), parts.next()) else {
            continue;
        };
        let mut problem = |text: String| problems.push(Problem::new("one-name", &path, 0, text));
        if FORBIDDEN.contains(&folder) {
            problem(format!(
                "`{folder}` says nothing: name the crate for what it does"
            ));
        }
        let package = format!("tessera-{folder}");
        if package_name(&manifest) != Some(&package) {
            problem(format!(
                "the package is called `{package}`, after its folder"
            ));
        }
        let library = folder.replace('-', "_");
        let lib = manifest.get("lib").and_then(|lib| lib.get("name"));
        if lib.and_then(toml::Value::as_str) != Some(&library) {
            problem(format!(
                "the library is called `{library}`, after its folder"
            ));
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tree_of;

    const MANIFEST: &str = "[package]\nname = \"tessera-metadata\"\n[lib]\nname = \"metadata\"\n";

    fn whole<'text>() -> Vec<(&'text str, &'text str)> {
        vec![
            ("services/meaning/metadata/Cargo.toml", MANIFEST),
            (
                "services/meaning/metadata/src/lib.rs",
                "const NAME: &'static str = \"metadata\";",
            ),
            (
                "proto/tessera/metadata/v1/metadata_service.proto",
                "package tessera.metadata.v1;",
            ),
            ("migrations/metadata/sqlite/1_a/up.sql", "select 1;"),
            (
                "crates/server/src/registry.rs",
                "meaning: metadata::Metadata,",
            ),
        ]
    }

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let problems = services(&tree_of(files)).expect("readable manifests");
        problems
            .into_iter()
            .map(|problem| format!("{}: {}", problem.path, problem.text))
            .collect()
    }

    #[test]
    fn a_whole_service_is_in_order() {
        assert_eq!(found(&whole()), Vec::<String>::new());
    }

    #[test]
    fn each_place_is_missed() {
        for (without, says) in [
            (0, "no Cargo.toml"),
            (1, "const NAME"),
            (2, "no contract"),
            (3, "no migrations"),
            (4, "registry.rs"),
        ] {
            let mut files = whole();
            files.remove(without);
            let problems = found(&files);
            assert!(
                problems.iter().any(|text| text.contains(says)),
                "{says}: {problems:?}"
            );
        }
    }

    #[test]
    fn wrong_wings_packages_and_orphans_fail() {
        let mut files = whole();
        files[2].1 = "package tessera.other.v1;";
        files.push(("proto/tessera/nobody/v1/a.proto", ""));
        files.push(("migrations/nobody/sqlite/1_a/up.sql", ""));
        files.push(("services/data/identity/Cargo.toml", MANIFEST));
        let problems = found(&files);
        for says in [
            "does not say",
            "proto/tessera/nobody",
            "migrations/nobody",
            "does not have `identity`",
        ] {
            assert!(
                problems.iter().any(|text| text.contains(says)),
                "{says}: {problems:?}"
            );
        }
    }

    #[test]
    fn a_crate_is_called_after_its_folder() {
        let tree = tree_of(&[
            (
                "crates/common/Cargo.toml",
                "[package]\nname = \"tessera-common\"\n[lib]\nname = \"common\"\n",
            ),
            (
                "crates/db/Cargo.toml",
                "[package]\nname = \"db\"\n[lib]\nname = \"base\"\n",
            ),
            (
                "crates/proto-meaning/Cargo.toml",
                "[package]\nname = \"tessera-proto-meaning\"\n[lib]\nname = \"proto_meaning\"\n",
            ),
        ]);
        let problems = crates(&tree).expect("readable manifests");
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].text.contains("says nothing"));
    }
}
