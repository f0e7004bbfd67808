//! `status`: `docs/status.md`, what of the ledger is proved, from `Proves:` comments above tests and
//! the last run's results.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::tree::Tree;

const LEDGER: &str = "docs/ledger.tsv";
const OUT: &str = "docs/status.md";

/// A test that says which requirements it proves.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Proof {
    path: String,
    test: String,
    ids: Vec<String>,
}

/// Writes the page, or with `check` only sees that every id is one of the ledger's.
pub(crate) fn run(root: &Path, check: bool) -> Result<String, String> {
    let ledger =
        fs::read_to_string(root.join(LEDGER)).map_err(|error| format!("{LEDGER}: {error}"))?;
    let requirements = requirements(&ledger);
    let proofs = proofs(&Tree::read(root)?);
    let unknown: Vec<String> = proofs
        .iter()
        .flat_map(|proof| proof.ids.iter().map(move |id| (proof, id)))
        .filter(|(_, id)| !requirements.contains_key(id.as_str()))
        .map(|(proof, id)| format!("{}: {}: the ledger has no {id}", proof.path, proof.test))
        .collect();
    if !unknown.is_empty() {
        return Err(unknown.join("\n"));
    }
    let named: BTreeSet<&String> = proofs.iter().flat_map(|proof| &proof.ids).collect();
    let said = format!(
        "{} of {} requirements are named by {} tests",
        named.len(),
        requirements.len(),
        proofs.len()
    );
    if check {
        return Ok(said);
    }
    let page = page(&requirements, &proofs, &last_runs(root));
    fs::write(root.join(OUT), page).map_err(|error| format!("{OUT}: {error}"))?;
    Ok(format!("{said}; wrote {OUT}"))
}

/// What the last runs left: nextest in the pipeline's profile, and the console in a browser.
fn last_runs(root: &Path) -> String {
    let target = crate::documents::target(root);
    // nextest keeps what it reports below the workspace, wherever cargo builds.
    [
        root.join("target/nextest/ci/junit.xml"),
        target.join("console/junit.xml"),
    ]
    .iter()
    .filter_map(|path| fs::read_to_string(path).ok())
    .collect()
}

fn requirements(ledger: &str) -> BTreeMap<&str, &str> {
    ledger
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once('\t'))
        .collect()
}

/// The tests whose comment has a line `Proves: ID, ID`.
fn proofs(tree: &Tree) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for file in tree
        .files
        .iter()
        .filter(|file| !file.path.starts_with("xtask/"))
    {
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some((before, ids)) = line.split_once("Proves:") else {
                continue;
            };
            if !matches!(before.trim(), "///" | "//" | "*" | "/**") {
                continue;
            }
            let ids = ids.split(|c: char| c == ',' || c.is_whitespace());
            let ids = ids
                .map(|id| id.trim_end_matches(['.', '/', '*']))
                .filter(|id| {
                    id.rsplit_once('-')
                        .is_some_and(|(_, number)| number.parse::<u16>().is_ok())
                });
            proofs.push(Proof {
                path: file.path.clone(),
                test: lines[index..]
                    .iter()
                    .find_map(|line| test_name(line))
                    .unwrap_or_default(),
                ids: ids.map(str::to_owned).collect(),
            });
        }
    }
    proofs.sort();
    proofs
}

/// The name after `fn`, or the title of a TypeScript test.
fn test_name(line: &str) -> Option<String> {
    let line = line.trim_start();
    if line.starts_with("//") || line.starts_with('*') {
        return None;
    }
    if let Some((_, rest)) = line.split_once("fn ") {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        return Some(rest[..end].to_owned());
    }
    let rest = line
        .strip_prefix("test(")
        .or_else(|| line.strip_prefix("it("))?;
    let quote = rest.chars().next()?;
    rest[1..].split(quote).next().map(str::to_owned)
}

/// Whether every run of `test` in the results passed; `None` where it did not run.
fn passed(results: &str, test: &str) -> Option<bool> {
    let mut found = None;
    for case in results.split("<testcase ").skip(1) {
        let name = case
            .split("name=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .map(plain)
            .unwrap_or_default();
        if !name.split("::").any(|part| part == test) {
            continue;
        }
        // One that was left out says nothing.
        if case.contains("<skipped") {
            continue;
        }
        let failed = case.contains("<failure") || case.contains("<error");
        found = Some(found.unwrap_or(true) && !failed);
    }
    found
}

/// The text of an XML attribute.
fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

fn page(requirements: &BTreeMap<&str, &str>, proofs: &[Proof], results: &str) -> String {
    let mut by_id: BTreeMap<&str, Vec<&Proof>> = BTreeMap::new();
    for proof in proofs {
        for id in &proof.ids {
            by_id.entry(id).or_default().push(proof);
        }
    }
    let mut rows = String::new();
    let mut counts = [0_usize; 2];
    for (id, proofs) in &by_id {
        let done = proofs
            .iter()
            .all(|proof| passed(results, &proof.test) == Some(true));
        counts[usize::from(!done)] += 1;
        let state = if done { "done" } else { "tested" };
        let tests: Vec<String> = proofs
            .iter()
            .map(|proof| format!("`{}`", proof.test))
            .collect();
        let requirement = requirements
            .get(id)
            .copied()
            .unwrap_or("")
            .replace('|', "\\|");
        let _ = writeln!(
            rows,
            "| {id} | {state} | {requirement} | {} |",
            tests.join(", ")
        );
    }
    let mut prefixes: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for id in requirements.keys() {
        let entry = prefixes
            .entry(id.split('-').next().unwrap_or(id))
            .or_default();
        entry[0] += usize::from(by_id.contains_key(id));
        entry[1] += 1;
    }
    let mut systems = String::new();
    for (prefix, [named, all]) in prefixes {
        let _ = writeln!(systems, "| {prefix} | {named} | {all} |");
    }
    let [done, tested] = counts;
    let not_yet = requirements.len() - by_id.len();
    format!(
        "# What is done\n\nMade by `make status`; not edited by hand. A requirement is *done* when every test that names it passed in the last\n\
         run (of the pipeline's profile, or of the console in a browser), *tested* when a test names it and there is no such run at\n\
         hand, else *not yet*.\n\n\
         {done} done, {tested} tested, {not_yet} not yet, of {} in `docs/ledger.tsv`.\n\n\
         | id | state | requirement | tests |\n|---|---|---|---|\n{rows}\n\
         ## By system\n\n| prefix | named by tests | all |\n|---|---|---|\n{systems}",
        requirements.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tree_of;

    const TEST: &str = "//! T.\n/// Creates one.\n///\n/// Proves: META-01, META-02\n#[tokio::test]\nasync fn creates() {}\n";

    #[test]
    fn reads_what_a_test_proves() {
        let tree = tree_of(&[
            ("services/meaning/metadata/src/tests/a.rs", TEST),
            (
                "console/src/a.test.ts",
                "// Proves: UI-SIM-01\ntest('shows it', () => {});\n",
            ),
        ]);
        let proofs = proofs(&tree);
        assert_eq!(proofs[0].test, "shows it");
        assert_eq!(proofs[0].ids, ["UI-SIM-01"]);
        assert_eq!(proofs[1].test, "creates");
        assert_eq!(proofs[1].ids, ["META-01", "META-02"]);
    }

    #[test]
    fn done_needs_a_passing_run_on_every_database() {
        let good = "<testcase name=\"tests::creates::sqlite\"></testcase><testcase name=\"tests::creates::postgres\"></testcase>";
        assert_eq!(passed(good, "creates"), Some(true));
        assert_eq!(passed(good, "deletes"), None);
        let bad = good.replace("postgres\">", "postgres\"><failure/>");
        assert_eq!(passed(&bad, "creates"), Some(false));

        let browser = "<testcase name=\"a schedule&apos;s &lt;times&gt; are seen\" classname=\"a.spec.ts\" time=\"1\">\n</testcase>";
        assert_eq!(passed(browser, "a schedule's <times> are seen"), Some(true));
        let left_out = good.replace("sqlite\">", "sqlite\"><skipped/>");
        assert_eq!(passed(&left_out, "creates"), Some(true));
        assert_eq!(
            passed(
                &left_out.replace("postgres\">", "postgres\"><skipped/>"),
                "creates"
            ),
            None
        );

        let requirements =
            requirements("id\trequirement\nMETA-01\tEntities\nMETA-02\tMetrics\nGW-01\tEdge\n");
        let proofs = proofs(&tree_of(&[("a/tests/a.rs", TEST)]));
        assert!(page(&requirements, &proofs, good).contains("2 done, 0 tested, 1 not yet, of 3"));
        let page = page(&requirements, &proofs, &bad);
        assert!(
            page.contains("| META-01 | tested | Entities | `creates` |"),
            "{page}"
        );
        assert!(page.contains("| GW | 0 | 1 |"), "{page}");
    }

    #[test]
    fn an_unknown_id_fails() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(folder.path().join("docs")).expect("a folder");
        fs::create_dir_all(folder.path().join("tests")).expect("a folder");
        fs::write(
            folder.path().join(LEDGER),
            "id\trequirement\nMETA-01\tEntities\n",
        )
        .expect("a file");
        fs::write(folder.path().join("tests/a.rs"), TEST).expect("a file");
        let said = run(folder.path(), true).expect_err("META-02 is unknown");
        assert!(
            said.contains("creates: the ledger has no META-02"),
            "{said}"
        );
    }
}
