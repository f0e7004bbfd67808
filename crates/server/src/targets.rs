//! Which services a process runs: `all`, names, or `@wing`, and in which order they start.

use crate::Entry;
use std::collections::BTreeSet;

/// The wings that have services, in the order of the registry.
pub fn wings(entries: &[Entry]) -> Vec<&'static str> {
    let mut wings = Vec::new();
    for entry in entries {
        if !wings.contains(&entry.wing) {
            wings.push(entry.wing);
        }
    }
    wings
}

/// The services that the targets name, each after those it calls.
///
/// # Errors
/// An unknown target, with what is known; or services that call each other in a circle.
pub fn select(mut entries: Vec<Entry>, targets: &[String]) -> Result<Vec<Entry>, config::Error> {
    let known: BTreeSet<_> = entries.iter().map(|entry| entry.name).collect();
    let wings = wings(&entries);
    let mut wanted = BTreeSet::new();
    for target in targets
        .iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
    {
        match target.strip_prefix('@') {
            _ if target == "all" => wanted.extend(&known),
            Some(wing) if wings.contains(&wing) => {
                wanted.extend(
                    entries
                        .iter()
                        .filter(|entry| entry.wing == wing)
                        .map(|entry| entry.name),
                );
            }
            None if known.contains(target) => {
                wanted.extend(known.get(target));
            }
            _ => {
                let names = known.iter().copied().collect::<Vec<_>>().join(", ");
                let wings = wings.join(", @");
                let message = format!("{target:?} is no target; there are all, {names}, @{wings}");
                return Err(config::Error::new("server.target", message));
            }
        }
    }
    entries.retain(|entry| wanted.contains(entry.name));
    in_order_of_calls(entries)
}

fn in_order_of_calls(mut waiting: Vec<Entry>) -> Result<Vec<Entry>, config::Error> {
    let mut ordered: Vec<Entry> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let names: BTreeSet<_> = waiting.iter().map(|entry| entry.name).collect();
        let next = waiting
            .iter()
            .position(|entry| entry.calls.iter().all(|call| !names.contains(call)));
        match next {
            Some(index) => ordered.push(waiting.remove(index)),
            None => {
                let circle = names.into_iter().collect::<Vec<_>>().join(", ");
                return Err(config::Error::new(
                    "",
                    format!("services call each other in a circle: {circle}"),
                ));
            }
        }
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(targets: &[&str]) -> Result<Vec<&'static str>, String> {
        let targets: Vec<_> = targets.iter().map(|target| (*target).to_owned()).collect();
        select(crate::services(), &targets)
            .map(|entries| entries.iter().map(|entry| entry.name).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn all_names_and_wings() {
        assert!(names(&["all"]).unwrap().len() >= 2);
        assert_eq!(names(&["metadata"]), Ok(vec!["metadata"]));
        assert_eq!(names(&["@meaning"]), Ok(vec!["metadata"]));
        assert_eq!(names(&["identity,metadata"]).unwrap().len(), 2);
        let error = names(&["metdata"]).unwrap_err();
        assert!(
            error.contains("\"metdata\" is no target") && error.contains("@platform"),
            "{error}"
        );
    }

    #[test]
    fn a_service_starts_after_those_it_calls_and_circles_are_refused() {
        let called = |name: &'static str, calls: &'static [&'static str]| Entry {
            name,
            calls,
            ..crate::services().remove(0)
        };
        let order = |entries| {
            in_order_of_calls(entries)
                .map(|entries| entries.iter().map(|entry| entry.name).collect::<Vec<_>>())
        };
        assert_eq!(
            order(vec![called("a", &["b"]), called("b", &["elsewhere"])]),
            Ok(vec!["b", "a"])
        );
        let error = order(vec![called("a", &["b"]), called("b", &["a"])]).unwrap_err();
        assert!(error.to_string().contains("a, b"));
    }
}
