//! What was wrong with a JSON document, and where.

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Not JSON, or not the JSON the field takes.
    Malformed(String),
    /// The message has no such field; the names are the nearest ones.
    UnknownField {
        /// Full name of the message.
        message: String,
        /// The name that was given.
        name: String,
        /// Fields with a similar name.
        suggestions: Vec<String>,
    },
    /// Nested more deeply than the limit.
    TooDeep,
    /// A number that would be another one as a double.
    Inexact(String),
    /// The dynamic path does not read this: a field that is a list or a map.
    Unsupported,
}

/// A refused document: what, at which byte, in which field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What was wrong.
    pub kind: FaultKind,
    /// Byte offset in the document, where one is known.
    pub at: Option<usize>,
    /// Segments of the field path, innermost first.
    path: Vec<String>,
}

impl Fault {
    pub(crate) fn new(at: usize, kind: FaultKind) -> Box<Self> {
        Box::new(Self {
            kind,
            at: Some(at),
            path: Vec::new(),
        })
    }

    /// A fault in a document of which no place is known.
    pub(crate) fn somewhere(kind: FaultKind) -> Box<Self> {
        Box::new(Self {
            kind,
            at: None,
            path: Vec::new(),
        })
    }

    pub(crate) fn too_deep(at: usize) -> Box<Self> {
        Self::new(at, FaultKind::TooDeep)
    }

    pub(crate) fn malformed(at: usize, what: impl Into<String>) -> Box<Self> {
        Self::new(at, FaultKind::Malformed(what.into()))
    }

    /// Adds the segment the fault lies in: `name`, `[3]` or `["key"]`.
    pub(crate) fn inside(mut self: Box<Self>, segment: impl Into<String>) -> Box<Self> {
        self.path.push(segment.into());
        self
    }

    /// The field path in contract names, such as `parts[1].sku`; empty at the top.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for segment in self.path.iter().rev() {
            if !path.is_empty() && !segment.starts_with('[') {
                path.push('.');
            }
            path.push_str(segment);
        }
        path
    }

    /// What was wrong, in words.
    pub fn message(&self) -> String {
        match &self.kind {
            FaultKind::Malformed(what) => what.clone(),
            FaultKind::UnknownField {
                message,
                name,
                suggestions,
            } => {
                let mut text = format!("{message} has no field {name:?}");
                if !suggestions.is_empty() {
                    text.push_str(&format!("; did you mean {}?", suggestions.join(" or ")));
                }
                text
            }
            FaultKind::TooDeep => "nested too deeply".into(),
            FaultKind::Inexact(number) => {
                format!(
                    "{number} has more digits than a JSON number keeps; send it as text, in quotes"
                )
            }
            FaultKind::Unsupported => "not readable here".into(),
        }
    }

    /// Line and column, both from 1, of the fault in the document.
    pub fn position(&self, json: &[u8]) -> Option<(usize, usize)> {
        let before = json.get(..self.at?.min(json.len()))?;
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        let start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |i| i + 1);
        Some((
            line,
            String::from_utf8_lossy(&before[start..]).chars().count() + 1,
        ))
    }
}

/// The candidates that a name was probably meant to be, nearest first, at most three.
pub(crate) fn suggestions<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    if name.len() > 64 {
        return Vec::new();
    }
    let plain = |s: &str| s.replace('_', "").to_lowercase();
    let wanted = plain(name);
    let limit = (wanted.chars().count() / 3).clamp(1, 3);
    let mut near: Vec<(usize, &str)> = candidates
        .filter_map(|c| {
            let distance = edits(&wanted, &plain(c));
            (distance <= limit).then_some((distance, c))
        })
        .collect();
    near.sort_unstable();
    near.into_iter()
        .take(3)
        .map(|(_, c)| c.to_owned())
        .collect()
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let fields = ["displayName", "description", "state"];
        assert_eq!(
            suggestions("dispalyName", fields.into_iter()),
            ["displayName"]
        );
        assert_eq!(
            suggestions("DISPLAY_NAME", fields.into_iter()),
            ["displayName"]
        );
        assert!(suggestions("owner", fields.into_iter()).is_empty());
    }

    #[test]
    fn a_position_counts_characters_and_lines() {
        let fault = Fault::malformed(9, "x");
        assert_eq!(fault.position("{\n \"é\": !".as_bytes()), Some((2, 7)));
        let fault = Fault::malformed(0, "x")
            .inside("sku")
            .inside("[1]")
            .inside("parts")
            .inside("thing");
        assert_eq!(fault.path(), "thing.parts[1].sku");
    }
}
