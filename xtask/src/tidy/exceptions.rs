//! What may break a rule, each with its reason. An exception that excuses nothing is itself a
//! problem, so the list can only shrink by hand and grow by review.

use super::Problem;
use crate::tree::Tree;

const FILE: &str = "xtask/src/tidy/exceptions.toml";

/// Drops the problems that are excused.
pub(super) fn apply(tree: &Tree, problems: Vec<Problem>) -> Result<Vec<Problem>, String> {
    let Some(text) = tree.text(FILE) else {
        return Ok(problems);
    };
    let table: toml::Table = text.parse().map_err(|error| format!("{FILE}: {error}"))?;
    let mut left = problems;
    for entry in table
        .get("exception")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
    {
        let word = |key: &str| entry.get(key).and_then(toml::Value::as_str).unwrap_or("");
        let (rule, path, reason) = (word("rule"), word("path"), word("reason"));
        if reason.len() < 10 {
            left.push(Problem::new(
                "exceptions",
                FILE,
                0,
                format!("{rule} {path}: say why"),
            ));
        }
        let before = left.len();
        left.retain(|problem| problem.rule != rule || problem.path != path);
        if left.len() == before {
            let text = format!("{rule} {path}: excuses nothing, take it out");
            left.push(Problem::new("exceptions", FILE, 0, text));
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::tree_of;

    #[test]
    fn excuses_what_it_names_and_nothing_else() {
        let file = "[[exception]]\nrule = \"spawn\"\npath = \"a.rs\"\nreason = \"it is the one that spawns\"\n";
        let problem = |path: &str| Problem::new("spawn", path, 3, "no");
        let tree = tree_of(&[(FILE, file)]);
        let left = apply(&tree, vec![problem("a.rs"), problem("b.rs")]).expect("a readable file");
        assert_eq!(left, [problem("b.rs")]);
        let left = apply(&tree, Vec::new()).expect("a readable file");
        assert!(left[0].text.contains("excuses nothing"), "{left:?}");
    }

    #[test]
    fn an_exception_says_why() {
        let file = "[[exception]]\nrule = \"spawn\"\npath = \"a.rs\"\n";
        let left = apply(
            &tree_of(&[(FILE, file)]),
            vec![Problem::new("spawn", "a.rs", 1, "")],
        );
        assert!(left.expect("a readable file")[0].text.contains("say why"));
    }
}
