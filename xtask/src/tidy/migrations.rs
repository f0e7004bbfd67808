//! Migrations: the same names for SQLite and PostgreSQL, each with a way there and a way back, and
//! tables as the design wants them on either.

use std::collections::BTreeSet;

use super::Problem;
use crate::tree::Tree;

const DATABASES: [&str; 2] = ["sqlite", "postgres"];

/// Applies all of it to every folder of `migrations/`.
pub(super) fn migrations(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for service in tree.folders("migrations") {
        let [sqlite, postgres] = DATABASES.map(|database| names(tree, service, database));
        for (database, here, there) in [
            ("sqlite", &sqlite, &postgres),
            ("postgres", &postgres, &sqlite),
        ] {
            for name in here {
                let folder = format!("migrations/{service}/{database}/{name}");
                problems.extend(one(tree, &folder, name));
                if !there.contains(name) {
                    let text = format!(
                        "there is none of this name for the other database than {database}"
                    );
                    problems.push(Problem::new("migrations", &folder, 0, text));
                }
            }
        }
        problems.extend(tables(tree, service));
    }
    problems
}

fn names(tree: &Tree, service: &str, database: &str) -> BTreeSet<String> {
    let prefix = format!("migrations/{service}/{database}/");
    let found = tree.under(&prefix).filter_map(|file| {
        let rest = file.path.strip_prefix(&prefix)?;
        rest.split_once('/').map(|(name, _)| name.to_owned())
    });
    found.collect()
}

/// A migration's name and its two files.
fn one(tree: &Tree, folder: &str, name: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (stamp, words) = name.split_once('_').unwrap_or((name, ""));
    let dated = stamp.len() == 14 && stamp.bytes().all(|byte| byte.is_ascii_digit());
    let says = !words.is_empty()
        && words
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !dated || !says {
        problems.push(Problem::new(
            "migrations",
            folder,
            0,
            "the name is <yyyymmddhhmmss>_<verb_noun>",
        ));
    }
    for file in ["up.sql", "down.sql"] {
        let text = tree.text(&format!("{folder}/{file}")).map(statements);
        if text.is_none_or(|text| text.trim().is_empty()) {
            problems.push(Problem::new(
                "migrations",
                folder,
                0,
                format!("{file} is missing or empty"),
            ));
        }
    }
    problems
}

/// SQLite tables are STRICT; a service's PostgreSQL tables force row-level security.
fn tables(tree: &Tree, service: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let prefix = format!("migrations/{service}/postgres/");
    let forced: String = tree
        .under(&prefix)
        .map(|file| statements(&file.text).to_lowercase())
        .collect();
    let forced: String = forced.split_whitespace().collect::<Vec<_>>().join(" ");
    for file in tree
        .under(&format!("migrations/{service}/"))
        .filter(|file| file.name() == "up.sql")
    {
        let text = statements(&file.text).to_lowercase();
        for statement in text.split(';').map(str::trim) {
            let Some(table) = created(statement) else {
                continue;
            };
            let options = statement.rsplit(')').next().unwrap_or("");
            if file.path.contains("/sqlite/") && !options.contains("strict") {
                problems.push(Problem::new(
                    "migrations",
                    &file.path,
                    0,
                    format!("the table {table} is not STRICT"),
                ));
            }
            let force = format!("alter table {table} force row level security");
            if file.path.contains("/postgres/") && service != "_ground" && !forced.contains(&force)
            {
                problems.push(Problem::new(
                    "migrations",
                    &file.path,
                    0,
                    format!("the table {table} does not FORCE ROW LEVEL SECURITY"),
                ));
            }
        }
    }
    problems
}

/// The table that a statement creates.
fn created(statement: &str) -> Option<&str> {
    let rest = statement.strip_prefix("create table ")?.trim_start();
    let rest = rest.strip_prefix("if not exists ").unwrap_or(rest);
    rest.split(|c: char| c.is_whitespace() || c == '(').next()
}

/// SQL without its line comments.
fn statements(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.split("--").next().unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tree_of;

    const SQLITE: &str = "-- Entities.\nCREATE TABLE entities (id BLOB PRIMARY KEY) STRICT;\n";
    const POSTGRES: &str = "CREATE TABLE entities (id uuid PRIMARY KEY);\nALTER TABLE entities ENABLE ROW LEVEL SECURITY;\nALTER TABLE entities\n  FORCE ROW LEVEL SECURITY;\n";

    fn whole() -> Vec<(String, &'static str)> {
        let name = "20261121000000_create_entities";
        let at =
            |database: &str, file: &str| format!("migrations/metadata/{database}/{name}/{file}");
        vec![
            (at("sqlite", "up.sql"), SQLITE),
            (at("sqlite", "down.sql"), "DROP TABLE entities;"),
            (at("postgres", "up.sql"), POSTGRES),
            (at("postgres", "down.sql"), "DROP TABLE entities;"),
        ]
    }

    fn found(files: &[(String, &str)]) -> Vec<String> {
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), *text))
            .collect();
        migrations(&tree_of(&files))
            .into_iter()
            .map(|problem| problem.text)
            .collect()
    }

    #[test]
    fn a_pair_is_in_order() {
        assert_eq!(found(&whole()), Vec::<String>::new());
    }

    #[test]
    fn a_migration_for_one_database_only_fails() {
        let mut files = whole();
        files.truncate(2);
        assert!(found(&files)[0].contains("for the other database"));
    }

    #[test]
    fn an_empty_way_back_fails() {
        let mut files = whole();
        files[1].1 = "-- nothing\n";
        assert_eq!(found(&files), ["down.sql is missing or empty"]);
    }

    #[test]
    fn names_and_tables_are_checked() {
        let mut files = whole();
        files[0].1 = "CREATE TABLE entities (id BLOB PRIMARY KEY);";
        files[2].1 = "CREATE TABLE entities (id uuid PRIMARY KEY);";
        for (path, _) in &mut files {
            *path = path.replace("20261121000000_create_entities", "1_Entities");
        }
        let problems = found(&files);
        for says in ["<yyyymmddhhmmss>", "not STRICT", "FORCE ROW"] {
            assert!(
                problems.iter().any(|text| text.contains(says)),
                "{says}: {problems:?}"
            );
        }
    }
}
