//! Which file may name what: Diesel in stores, tonic at the edges of a service, purity of models,
//! the environment, the system's clock and raw tasks in one place each.

use super::Problem;
use super::code::{lines_with, product};
use crate::tree::{File, Tree};

/// One ban: the words, where they may stand all the same, and why.
struct Ban {
    rule: &'static str,
    words: &'static [&'static str],
    applies: fn(&str) -> bool,
    why: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        rule: "diesel",
        words: &["diesel", "diesel_migrations"],
        applies: |path| {
            service_file(path).is_some_and(|file| !is_one_of(file, &["store", "schema"]))
        },
        why: "only `store*` and `schema.rs` know Diesel",
    },
    Ban {
        rule: "tonic",
        words: &["tonic"],
        applies: |path| {
            service_file(path).is_some_and(|file| !is_one_of(file, &["lib", "api", "calls"]))
        },
        why: "only `lib.rs`, `api*` and `calls.rs` know tonic",
    },
    Ban {
        rule: "tonic",
        words: &["tonic"],
        applies: |path| {
            [
                "value", "config", "db", "formula", "partials", "lake", "heal", "language",
                "propose", "render", "search",
            ]
            .iter()
            .any(|name| path.starts_with(&format!("crates/{name}/")))
        },
        why: "this crate knows nothing of calls",
    },
    Ban {
        rule: "model",
        words: &[
            "tonic",
            "diesel",
            "tokio",
            "db",
            "rpc",
            "SystemTime",
            "Instant",
            "std::fs",
            "std::net",
            "std::env",
            "tracing",
        ],
        applies: |path| service_file(path).is_some_and(|file| is_one_of(file, &["model"])),
        why: "the model is pure: no network, no database, no clock",
    },
    Ban {
        rule: "environment",
        words: &[
            "env::var",
            "env::vars",
            "env::var_os",
            "env::vars_os",
            "env::set_var",
            "std::env",
        ],
        applies: |path| {
            is_ours(path)
                && !path.starts_with("crates/config/")
                && !path.starts_with("crates/testkit/")
        },
        why: "only `config` reads the environment",
    },
    Ban {
        rule: "clock",
        words: &[
            "SystemTime::now",
            "Utc::now",
            "Timestamp::now",
            "Zoned::now",
            "Uuid::now_v7",
            "Uuid::new_v4",
        ],
        applies: |path| is_ours(path) && !path.starts_with("crates/value/"),
        why: "times and ids come from `value`: take the context's clock",
    },
    Ban {
        rule: "spawn",
        words: &[
            "tokio::spawn",
            "task::spawn",
            "thread::spawn",
            "task::spawn_local",
        ],
        applies: |path| {
            is_ours(path)
                && !path.starts_with("crates/rpc/")
                && !path.starts_with("crates/testkit/")
        },
        why: "tasks are spawned through `rpc`, which waits for them at shutdown",
    },
];

/// Applies every ban to the product's code; tests may do what they like.
pub(super) fn imports(tree: &Tree) -> Vec<Problem> {
    let product_files = tree
        .files
        .iter()
        .filter(|file| file.is_rust() && !file.is_test() && is_ours(&file.path));
    product_files.flat_map(broken).collect()
}

fn broken(file: &File) -> Vec<Problem> {
    let code = product(&file.text);
    let mut problems = Vec::new();
    for ban in BANS.iter().filter(|ban| (ban.applies)(&file.path)) {
        let mut lines: Vec<(usize, &str)> = ban
            .words
            .iter()
            .flat_map(|word| {
                lines_with(&code, word)
                    .into_iter()
                    .map(move |line| (line, *word))
            })
            .collect();
        lines.sort_unstable();
        lines.dedup_by_key(|(line, _)| *line);
        problems.extend(lines.into_iter().map(|(line, word)| {
            Problem::new(ban.rule, &file.path, line, format!("`{word}`: {}", ban.why))
        }));
    }
    problems
}

/// Crates and services; xtask, build scripts and tests are people's tools.
fn is_ours(path: &str) -> bool {
    path.starts_with("crates/") || path.starts_with("services/")
}

/// The path inside `services/<wing>/<name>/src/`.
fn service_file(path: &str) -> Option<&str> {
    let mut parts = path.strip_prefix("services/")?.splitn(4, '/');
    let (_wing, _name, src) = (parts.next()?, parts.next()?, parts.next()?);
    if src == "src" { parts.next() } else { None }
}

/// Whether `file` is `<module>.rs`, `<module>_….rs` or in the folder `<module>/`.
fn is_one_of(file: &str, modules: &[&str]) -> bool {
    let first = file.split('/').next().unwrap_or(file);
    let stem = first.strip_suffix(".rs").unwrap_or(first);
    modules
        .iter()
        .any(|module| stem == *module || stem.starts_with(&format!("{module}_")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tree_of;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let problems = imports(&tree_of(&[(path, text)]));
        problems.into_iter().map(|problem| problem.rule).collect()
    }

    #[test]
    fn diesel_is_for_stores() {
        let text = "//! X.\nuse diesel::prelude::*;\n";
        assert_eq!(
            rules("services/meaning/metadata/src/api.rs", text),
            ["diesel"]
        );
        assert_eq!(
            rules("services/meaning/metadata/src/api/entities.rs", text),
            ["diesel"]
        );
        for allowed in [
            "store.rs",
            "store/entities.rs",
            "schema.rs",
            "tests/list.rs",
        ] {
            assert!(rules(&format!("services/meaning/metadata/src/{allowed}"), text).is_empty());
        }
    }

    #[test]
    fn tonic_is_for_the_edges_of_a_service() {
        let text = "//! X.\nuse tonic::Request;\n";
        for refused in ["store.rs", "convert.rs", "config.rs", "tasks.rs"] {
            assert_eq!(
                rules(&format!("services/a/b/src/{refused}"), text),
                ["tonic"]
            );
        }
        for allowed in ["lib.rs", "api.rs", "api/entities.rs", "calls.rs"] {
            assert!(rules(&format!("services/a/b/src/{allowed}"), text).is_empty());
        }
        assert_eq!(rules("crates/db/src/lib.rs", text), ["tonic"]);
    }

    #[test]
    fn models_are_pure() {
        let text =
            "//! X.\nuse std::time::SystemTime;\nuse tokio::sync::Mutex;\nfn f() { db::read() }\n";
        assert_eq!(
            rules("services/a/b/src/model/state.rs", text),
            ["model", "model", "model"]
        );
        assert!(
            rules(
                "services/a/b/src/model.rs",
                "//! Like tokio.\nfn clear() {}\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn environment_clock_and_tasks_have_one_home_each() {
        let text =
            "//! X.\nfn f() { std::env::var(\"A\"); SystemTime::now(); tokio::spawn(g()); }\n";
        assert_eq!(
            rules("crates/gateway/src/edge.rs", text),
            ["environment", "clock", "spawn"]
        );
        assert_eq!(rules("crates/config/src/lib.rs", text), ["clock", "spawn"]);
        assert_eq!(
            rules("crates/value/src/clock.rs", text),
            ["environment", "spawn"]
        );
        assert_eq!(
            rules("crates/rpc/src/tasks.rs", text),
            ["environment", "clock"]
        );
        assert!(rules("crates/gateway/tests/all.rs", text).is_empty());
        assert!(rules("xtask/src/main.rs", text).is_empty());
    }

    #[test]
    fn a_test_module_may_spawn() {
        let text = "//! X.\n#[cfg(test)]\nmod tests {\n fn f() { tokio::spawn(g()); }\n}\n";
        assert!(rules("crates/gateway/src/edge.rs", text).is_empty());
    }
}
