//! Single lines put into files that people wrote: a manifest's section, a list with a mark.

use std::fs;
use std::path::Path;

/// Puts `line` into the section `[header]` of a manifest, before the first greater line of its run: the run
/// that starts after `anchor`, of lines that start like `anchor`, or the section's first.
pub(super) fn insert_sorted(
    root: &Path,
    path: &str,
    line: &str,
    anchor: &str,
    header: &str,
) -> Result<(), String> {
    let place = root.join(path);
    let text = fs::read_to_string(&place).map_err(|error| format!("{path}: {error}"))?;
    let filled = with_line(&text, line, anchor, header)
        .ok_or_else(|| format!("{path}: no section {header}"))?;
    fs::write(&place, filled).map_err(|error| format!("{path}: {error}"))
}

fn with_line(text: &str, line: &str, anchor: &str, header: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.contains(&line) {
        return Some(text.to_owned());
    }
    let section = lines.iter().position(|found| *found == header)? + 1;
    let end = |from: usize, lines: &[&str]| {
        let length = lines[from..]
            .iter()
            .take_while(|found| !found.is_empty() && !found.starts_with('['))
            .count();
        from + length
    };
    let found = lines[section..]
        .iter()
        .take_while(|found| !found.starts_with('['))
        .position(|found| !anchor.is_empty() && found.starts_with(anchor))
        .map(|at| section + at);
    let from = match found {
        Some(at) if anchor.starts_with('#') => at + 1,
        Some(at) => at,
        None if anchor.starts_with('#') => {
            // The block is not there yet: open it after the section's first.
            let at = end(section, &lines);
            for new in [line, anchor, ""] {
                lines.insert(at, new);
            }
            return Some(lines.join("\n") + "\n");
        }
        None => section,
    };
    let until = end(from, &lines);
    let at = (from..until)
        .find(|at| lines[*at] > line && !lines[*at].starts_with('#'))
        .unwrap_or(until);
    lines.insert(at, line);
    Some(lines.join("\n") + "\n")
}

/// Rewrites a file; refused where the change finds nothing to hold on to.
pub(super) fn change(
    root: &Path,
    path: &str,
    edit: impl FnOnce(&str) -> Option<String>,
) -> Result<(), String> {
    let place = root.join(path);
    let text = fs::read_to_string(&place).map_err(|error| format!("{path}: {error}"))?;
    let changed = edit(&text).ok_or_else(|| format!("{path}: does not look as expected"))?;
    fs::write(&place, changed).map_err(|error| format!("{path}: {error}"))
}

/// Adds a manifest line for the service beside those that hold `mark`, in their own shape.
pub(super) fn with_sibling(text: &str, mark: &str, name: &str, wing: &str) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let last = lines.iter().rposition(|line| line.contains(mark))?;
    let path = lines[last].split(mark).nth(1)?.split('"').next()?;
    let (old_wing, old_name) = path.split_once('/')?;
    let line = lines[last]
        .replace(&format!("{old_wing}/{old_name}"), &format!("{wing}/{name}"))
        .replace(old_name, name);
    lines.insert(last + 1, line);
    Some(lines.join("\n") + "\n")
}

/// Adds the service to the registry, after the last entry and named like it.
pub(super) fn with_entry(text: &str, wing: &str, name: &str, kind: &str) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let start = lines
        .iter()
        .position(|line| line.starts_with("services! {"))?;
    let end = start
        + lines[start..]
            .iter()
            .position(|line| line.starts_with('}'))?;
    let last = lines[start..end]
        .iter()
        .rposition(|line| line.contains("::"))?
        + start;
    let prefix = if lines[last].contains(": tessera_") {
        "tessera_"
    } else {
        ""
    };
    lines.insert(last + 1, format!("    {wing}: {prefix}{name}::{kind},"));
    Some(lines.join("\n") + "\n")
}

/// Adds the wing to the list of contracts crates: `[&Contracts; 2] = [&a::CONTRACTS, &b::CONTRACTS]`.
pub(super) fn with_contracts(text: &str, wing: &str) -> Option<String> {
    let (before, rest) = text.split_once("[&Contracts; ")?;
    let (count, rest) = rest.split_once(']')?;
    let count: usize = count.parse().ok()?;
    let (list, after) = rest.split_once("];")?;
    let list = list.trim_end().trim_end_matches(',');
    Some(format!(
        "{before}[&Contracts; {}]{list}, &proto_{wing}::CONTRACTS];{after}",
        count + 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_where_they_sort() {
        let manifest = "[dependencies]\nauth.workspace = true\nvalue.workspace = true\n\n[dev-dependencies]\nx = \"1\"\n";
        let added = with_line(manifest, "metadata.workspace = true", "", "[dependencies]")
            .expect("the section");
        assert_eq!(added.lines().nth(2), Some("metadata.workspace = true"));
        assert_eq!(
            with_line(&added, "metadata.workspace = true", "", "[dependencies]"),
            Some(added.clone())
        );
        let last = with_line(manifest, "zone.workspace = true", "", "[dependencies]")
            .expect("the section");
        assert_eq!(last.lines().nth(3), Some("zone.workspace = true"));
        assert_eq!(with_line(manifest, "a", "", "[nothing]"), None);
    }

    #[test]
    fn a_block_that_is_not_there_is_opened() {
        let manifest = "[workspace.dependencies]\n# Ground\nauth = 1\n\n# Network\nhttp = 1\n";
        let added = with_line(
            manifest,
            "metadata = 1",
            "# Services",
            "[workspace.dependencies]",
        )
        .expect("the section");
        let added = with_line(
            &added,
            "identity = 1",
            "# Services",
            "[workspace.dependencies]",
        )
        .expect("the section");
        assert!(
            added.contains("auth = 1\n\n# Services\nidentity = 1\nmetadata = 1\n\n# Network"),
            "{added}"
        );
    }

    #[test]
    fn a_service_is_registered_like_its_siblings() {
        let registry = "services! {\n    meaning: tessera_metadata::Metadata,\n}\n";
        let added = with_entry(registry, "work", "agents", "Agents").expect("an entry");
        assert!(
            added.contains("Metadata,\n    work: tessera_agents::Agents,\n}"),
            "{added}"
        );
        let manifest = "[dependencies]\ntessera-metadata = { path = \"../../services/meaning/metadata\" }\naxum = 1\n";
        let added = with_sibling(manifest, "../../services/", "agents", "work").expect("a sibling");
        assert!(
            added.contains("\ntessera-agents = { path = \"../../services/work/agents\" }\naxum"),
            "{added}"
        );
        let list = "static A: [&Contracts; 1] = [&proto::CONTRACTS];\n";
        let added = with_contracts(list, "work").expect("a list");
        assert_eq!(
            added,
            "static A: [&Contracts; 2] = [&proto::CONTRACTS, &proto_work::CONTRACTS];\n"
        );
    }
}
