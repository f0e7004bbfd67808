//! Who may depend on whom, read from the manifests, and whom services say they call.

use std::collections::BTreeMap;

use super::{Problem, code};
use crate::tree::Tree;

const ENGINES: &[&str] = &[
    "formula", "partials", "lake", "heal", "language", "propose", "render", "search",
];
/// What an engine may use of ours.
const UNDER_ENGINES: &[&str] = &["value", "proto", "error"];

/// A package of the workspace and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Ground,
    Contracts,
    Engine,
    Gateway,
    Testkit,
    Service,
    Server,
    Outside,
}

impl Layer {
    fn of(path: &str) -> Self {
        let mut parts = path.split('/');
        match (parts.next(), parts.next()) {
            (Some("services"), _) => Self::Service,
            (Some("crates"), Some("server")) => Self::Server,
            (Some("crates"), Some("gateway")) => Self::Gateway,
            (Some("crates"), Some("testkit")) => Self::Testkit,
            (Some("crates"), Some(name)) if name.starts_with("proto-") => Self::Contracts,
            (Some("crates"), Some(name)) if ENGINES.contains(&name) => Self::Engine,
            (Some("crates"), Some(_)) => Self::Ground,
            _ => Self::Outside,
        }
    }
}

/// Dependencies stay within what the layers allow; each package's manifest is looked at.
pub(super) fn dependencies(tree: &Tree) -> Result<Vec<Problem>, String> {
    let manifests = manifests(tree)?;
    let packages: BTreeMap<&str, &str> = manifests
        .iter()
        .filter_map(|(path, manifest)| Some((package_name(manifest)?, path.as_str())))
        .collect();
    let root: toml::Table = parse(tree, "Cargo.toml")?;
    let shared = root
        .get("workspace")
        .and_then(|table| table.get("dependencies"));

    let mut problems = Vec::new();
    for (path, manifest) in &manifests {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let named = manifest.get(section).and_then(toml::Value::as_table);
            for (key, entry) in named.into_iter().flatten() {
                let package = real_name(key, entry, shared);
                let refusal = match packages.get(package.as_str()) {
                    Some(target) => refuse_ours(path, target, section),
                    None => refuse_others(path, &package, section),
                };
                problems.extend(refusal.map(|why| {
                    let line = line_of(tree.text(path).unwrap_or(""), key);
                    Problem::new("layers", path, line, format!("{section}: {key}: {why}"))
                }));
            }
        }
    }
    Ok(problems)
}

/// Why the package at `from` may not depend on the workspace's package at `to`.
fn refuse_ours(from: &str, to: &str, section: &str) -> Option<&'static str> {
    let for_tests = section == "dev-dependencies";
    let name = to.split('/').nth(1).unwrap_or("");
    match (Layer::of(from), Layer::of(to)) {
        (Layer::Outside, _) if from.starts_with("xtask/") => {
            Some("xtask uses no crate of the workspace, so that it runs when they do not compile")
        }
        (Layer::Server | Layer::Outside, _) => None,
        (_, Layer::Server) if !for_tests => Some("only the binary knows what it is made of"),
        (Layer::Service, Layer::Service) => Some(
            "a service never imports a service: call it through its client, or hear its events",
        ),
        (_, Layer::Service) => Some("only `server` names services"),
        (_, Layer::Testkit) if !for_tests => Some("testkit is for tests"),
        (Layer::Service, Layer::Gateway) => Some("the edge is above the services"),
        (Layer::Engine, layer)
            if layer != Layer::Engine && !UNDER_ENGINES.contains(&name) && !for_tests =>
        {
            Some("an engine uses `value`, `proto` and `error` only")
        }
        // Its build script is written once, in `contracts`.
        (Layer::Contracts, _) if section == "build-dependencies" && name == "contracts" => None,
        (Layer::Contracts, _) if !["proto", "value", "error"].contains(&name) => {
            Some("a contracts crate uses `proto` only")
        }
        (Layer::Ground, Layer::Engine) => Some("the ground knows nothing above it"),
        (Layer::Ground, Layer::Gateway) if !for_tests => Some("the ground knows nothing above it"),
        _ => None,
    }
}

/// Why the package at `from` may not depend on the third party `package`.
fn refuse_others(from: &str, package: &str, section: &str) -> Option<&'static str> {
    let layer = Layer::of(from);
    let name = from.split('/').nth(1).unwrap_or("");
    let database = ["diesel", "diesel_migrations", "libsqlite3-sys", "pq-sys"].contains(&package);
    let holds_rows = layer == Layer::Service
        || layer == Layer::Testkit
        || ["db", "value", "bus", "jobs", "search"].contains(&name);
    if database && !holds_rows && section == "dependencies" {
        return Some("only `db`, what stands on it and services' stores know Diesel");
    }
    if layer == Layer::Engine && ["tonic", "axum", "hyper", "reqwest"].contains(&package) {
        return Some("an engine has no network");
    }
    None
}

/// Every package of ours inherits the workspace's lints.
pub(super) fn lints(tree: &Tree) -> Result<Vec<Problem>, String> {
    let mut problems = Vec::new();
    for (path, manifest) in manifests(tree)? {
        let inherited = manifest
            .get("lints")
            .and_then(|table| table.get("workspace"));
        if inherited.and_then(toml::Value::as_bool) != Some(true) {
            let text = "add `[lints] workspace = true`";
            problems.push(Problem::new("lints", &path, 0, text));
        }
    }
    Ok(problems)
}

/// The services that services say they call exist, and the calls make no circle.
pub(super) fn calls(tree: &Tree) -> Vec<Problem> {
    let mut graph: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let services = tree.services();
    for (wing, name) in &services {
        let path = format!("services/{wing}/{name}/src/lib.rs");
        graph.insert(name, called(tree.text(&path).unwrap_or("")));
    }
    let mut problems = Vec::new();
    for (wing, name) in &services {
        let path = format!("services/{wing}/{name}/src/lib.rs");
        for target in &graph[name] {
            if !graph.contains_key(target.as_str()) {
                let text = format!("CALLS names `{target}`, which is no service");
                problems.push(Problem::new("calls", &path, 0, text));
            }
        }
        if let Some(circle) = circle(&graph, name) {
            let text = format!("calls go in a circle: {circle}; make one of them an event");
            problems.push(Problem::new("calls", &path, 0, text));
        }
    }
    problems
}

/// The names in `const CALLS: … = &["…"];`.
fn called(text: &str) -> Vec<String> {
    let Some((_, after)) = text.split_once("const CALLS") else {
        return Vec::new();
    };
    let value = after.split(';').next().unwrap_or("");
    let value = value.split_once('=').map_or("", |(_, value)| value);
    value
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// A way from `start` back to `start`.
fn circle(graph: &BTreeMap<&str, Vec<String>>, start: &str) -> Option<String> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = Vec::new();
    while let Some(way) = ways.pop() {
        let last = way.last().map_or("", String::as_str);
        for next in graph.get(last).into_iter().flatten() {
            let mut longer = way.clone();
            longer.push(next.clone());
            if next == start {
                return Some(longer.join(" -> "));
            }
            if !seen.contains(next) {
                seen.push(next.clone());
                ways.push(longer);
            }
        }
    }
    None
}

/// The manifests of the workspace's packages, by path.
pub(super) fn manifests(tree: &Tree) -> Result<Vec<(String, toml::Table)>, String> {
    let ours = ["crates/", "services/", "tests/", "xtask/"];
    let found = tree.files.iter().filter(|file| {
        file.name() == "Cargo.toml"
            && ours.iter().any(|prefix| file.path.starts_with(prefix))
            && !file.path.starts_with("xtask/templates/")
            && !file.path.contains("/fuzz/")
    });
    found
        .map(|file| Ok((file.path.clone(), parse(tree, &file.path)?)))
        .collect()
}

fn parse(tree: &Tree, path: &str) -> Result<toml::Table, String> {
    let text = tree.text(path).unwrap_or("");
    text.parse().map_err(|error| format!("{path}: {error}"))
}

/// The package's name in its manifest.
pub(super) fn package_name(manifest: &toml::Table) -> Option<&str> {
    manifest.get("package")?.get("name")?.as_str()
}

/// The package that the dependency `key` stands for.
fn real_name(key: &str, entry: &toml::Value, shared: Option<&toml::Value>) -> String {
    let own = entry.get("package").and_then(toml::Value::as_str);
    let inherited = || shared?.get(key)?.get("package")?.as_str();
    own.or_else(inherited).unwrap_or(key).to_owned()
}

fn line_of(text: &str, key: &str) -> usize {
    code::lines_with(text, key).first().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tree_of;

    const ROOT: &str = "[workspace.dependencies]\nmetadata = { path = \"services/meaning/metadata\", package = \"tessera-metadata\" }\ndb = { path = \"crates/db\", package = \"tessera-db\" }\n";

    fn refused(path: &str, dependency: &str) -> Vec<String> {
        let manifest = format!("[package]\nname = \"x\"\n{dependency}\n");
        let tree = tree_of(&[
            ("Cargo.toml", ROOT),
            ("crates/db/Cargo.toml", "[package]\nname = \"tessera-db\"\n"),
            (
                "crates/testkit/Cargo.toml",
                "[package]\nname = \"tessera-testkit\"\n",
            ),
            (
                "services/meaning/metadata/Cargo.toml",
                "[package]\nname = \"tessera-metadata\"\n",
            ),
            (path, &manifest),
        ]);
        let problems = dependencies(&tree).expect("readable manifests");
        problems.into_iter().map(|problem| problem.text).collect()
    }

    #[test]
    fn a_service_that_imports_a_service_fails() {
        let service = "services/platform/identity/Cargo.toml";
        let import = "[dependencies]\nmetadata.workspace = true";
        assert!(refused(service, import)[0].contains("never imports a service"));
        let import =
            "[dev-dependencies]\nother = { path = \"../x\", package = \"tessera-metadata\" }";
        assert!(refused(service, import)[0].contains("never imports a service"));
        assert!(
            refused(
                service,
                "[dependencies]\ndb.workspace = true\ndiesel = \"2\""
            )
            .is_empty()
        );
    }

    #[test]
    fn layers_below_know_nothing_of_layers_above() {
        let of_metadata = "[dependencies]\nmetadata.workspace = true";
        assert!(refused("crates/gateway/Cargo.toml", of_metadata)[0].contains("only `server`"));
        assert!(refused("crates/server/Cargo.toml", of_metadata).is_empty());
        let of_db = "[dependencies]\ndb.workspace = true";
        assert!(refused("crates/formula/Cargo.toml", of_db)[0].contains("an engine uses"));
        assert!(refused("crates/proto-data/Cargo.toml", of_db)[0].contains("a contracts crate"));
        assert!(refused("xtask/Cargo.toml", of_db)[0].contains("xtask uses no crate"));
        let of_diesel = "[dependencies]\ndiesel = \"2\"";
        assert!(refused("crates/gateway/Cargo.toml", of_diesel)[0].contains("know Diesel"));
    }

    #[test]
    fn test_kit_is_for_tests() {
        let testkit = "testkit = { path = \"../testkit\", package = \"tessera-testkit\" }";
        let service = "services/platform/identity/Cargo.toml";
        assert!(!refused(service, &format!("[dependencies]\n{testkit}")).is_empty());
        assert!(refused(service, &format!("[dev-dependencies]\n{testkit}")).is_empty());
    }

    #[test]
    fn a_crate_without_the_lints_fails() {
        let tree = tree_of(&[
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n"),
            (
                "crates/b/Cargo.toml",
                "[package]\nname = \"b\"\n[lints]\nworkspace = true\n",
            ),
        ]);
        let problems = lints(&tree).expect("readable manifests");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "crates/a/Cargo.toml");
    }

    #[test]
    fn a_circle_of_calls_fails() {
        let lib =
            |calls: &str| format!("//! S.\nconst CALLS: &'static [&'static str] = &[{calls}];\n");
        let tree = tree_of(&[
            ("services/work/a/src/lib.rs", &lib("\"b\"")),
            ("services/work/b/src/lib.rs", &lib("\"c\", \"nowhere\"")),
            ("services/data/c/src/lib.rs", &lib("\"a\"")),
            ("services/data/d/src/lib.rs", &lib("\"a\"")),
        ]);
        let texts: Vec<String> = calls(&tree)
            .into_iter()
            .map(|problem| problem.text)
            .collect();
        assert_eq!(
            texts
                .iter()
                .filter(|text| text.contains("in a circle"))
                .count(),
            3
        );
        assert!(texts.iter().any(|text| text.contains("`nowhere`")));
        assert!(
            texts.iter().any(|text| text.contains("a -> b -> c -> a")),
            "{texts:?}"
        );
    }
}
