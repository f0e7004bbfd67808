//! What someone may do, as patterns over `<service>.<resource>.<verb>`.

use std::collections::HashSet;

/// A set of permission patterns. `*` stands for one or more whole segments: `*` allows all,
/// `metadata.*` all of one service, `*.read` all reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    exact: HashSet<String>,
    patterns: Vec<Vec<String>>,
    narrowed: Option<Box<Permissions>>,
}

impl Permissions {
    /// The set of these permissions and patterns.
    pub fn new<I>(patterns: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut set = Self::default();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            if pattern.contains('*') {
                set.patterns
                    .push(pattern.split('.').map(str::to_owned).collect());
            } else {
                set.exact.insert(pattern.to_owned());
            }
        }
        set.patterns.sort();
        set.patterns.dedup();
        set
    }

    /// The same set, but only as far as `limit` allows too.
    #[must_use]
    pub fn narrowed_to(self, limit: Permissions) -> Self {
        Self {
            narrowed: Some(Box::new(limit)),
            ..self
        }
    }

    /// Whether a permission is in the set.
    pub fn allows(&self, permission: &str) -> bool {
        let own = self.exact.contains(permission) || {
            let segments: Vec<&str> = permission.split('.').collect();
            self.patterns
                .iter()
                .any(|pattern| matches(pattern, &segments))
        };
        own && self
            .narrowed
            .as_ref()
            .is_none_or(|limit| limit.allows(permission))
    }

    /// Whether everything that a pattern allows is in the set: what one may hand on to others.
    pub fn covers(&self, pattern: &str) -> bool {
        // A star of the other pattern is a segment here that only a star matches.
        self.allows(pattern)
    }

    /// What the set allows, as permissions and patterns, sorted. Of a narrowed set: what either side names and the
    /// other covers, so that it never says more than [`Permissions::allows`] does.
    pub fn to_vec(&self) -> Vec<String> {
        let mut all: Vec<_> = self
            .patterns
            .iter()
            .map(|pattern| pattern.join("."))
            .collect();
        all.extend(self.exact.iter().cloned());
        if let Some(limit) = &self.narrowed {
            all.extend(limit.to_vec());
            // A star of a pattern is a segment that only a star matches: what is allowed is covered whole.
            all.retain(|pattern| self.allows(pattern));
        }
        all.sort();
        all.dedup();
        all
    }
}

fn matches(pattern: &[String], segments: &[&str]) -> bool {
    match (pattern.split_first(), segments) {
        (None, []) => true,
        (None, _) | (Some(_), []) => false,
        (Some((star, rest)), segments) if star == "*" => {
            (1..=segments.len()).any(|taken| matches(rest, &segments[taken..]))
        }
        (Some((own, rest)), [first, others @ ..]) => own == first && matches(rest, others),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stars_stand_for_whole_segments() {
        let read = Permissions::new(["*.read", "identity.self.write"]);
        assert!(read.allows("metadata.entities.read"));
        assert!(read.allows("identity.self.write"));
        assert!(!read.allows("metadata.entities.write"));
        assert!(!read.allows("read"));
        assert!(!read.allows("metadata.entities.reader"));
        let one = Permissions::new(["metadata.*"]);
        assert!(one.allows("metadata.entities.write"));
        assert!(!one.allows("metadata2.entities.write"));
        assert!(!one.allows("metadata"));
        assert!(Permissions::new(["*"]).allows("anything.at.all"));
        assert!(!Permissions::default().allows("metadata.entities.read"));
    }

    #[test]
    fn a_narrowed_set_allows_what_both_allow() {
        let narrow = Permissions::new(["metadata.*"]).narrowed_to(Permissions::new(["*.read"]));
        assert!(narrow.allows("metadata.entities.read"));
        assert!(!narrow.allows("metadata.entities.write"));
        assert!(!narrow.allows("identity.users.read"));
        let of_all = Permissions::new(["*"]).narrowed_to(Permissions::new(["identity.self.*"]));
        assert_eq!(of_all.to_vec(), ["identity.self.*"]);
        let of_few = Permissions::new(["*.read", "metadata.entities.write"])
            .narrowed_to(Permissions::new(["metadata.*"]));
        assert_eq!(of_few.to_vec(), ["metadata.entities.write"]);
    }

    #[test]
    fn only_what_one_has_can_be_handed_on() {
        let editor = Permissions::new(["*.read", "metadata.*"]);
        assert!(editor.covers("metadata.entities.read"));
        assert!(editor.covers("metadata.*.write"));
        assert!(editor.covers("identity.*.read"));
        assert!(!editor.covers("*"));
        assert!(!editor.covers("*.write"));
    }

    /// The same question answered by spelling the pattern as a regular language over a small alphabet.
    fn naive(pattern: &str, permission: &str) -> bool {
        fn go(p: &[&str], s: &[&str]) -> bool {
            match (p, s) {
                ([], []) => true,
                (["*", rest @ ..], [_, others @ ..]) => go(rest, others) || go(p, others),
                ([own, rest @ ..], [first, others @ ..]) => own == first && go(rest, others),
                _ => false,
            }
        }
        go(
            &pattern.split('.').collect::<Vec<_>>(),
            &permission.split('.').collect::<Vec<_>>(),
        )
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_naive_matcher(
            patterns in prop::collection::vec("[ab*](\\.[ab*]){0,3}", 0..4),
            permission in "[ab](\\.[ab]){0,3}",
        ) {
            let expected = patterns.iter().any(|pattern| naive(pattern, &permission));
            prop_assert_eq!(Permissions::new(&patterns).allows(&permission), expected);
        }

        #[test]
        fn what_is_covered_is_allowed(
            own in prop::collection::vec("[ab*](\\.[ab*]){0,2}", 1..4),
            pattern in "[ab*](\\.[ab*]){0,2}",
            permission in "[ab](\\.[ab]){0,3}",
        ) {
            let own = Permissions::new(&own);
            if own.covers(&pattern) && naive(&pattern, &permission) {
                prop_assert!(own.allows(&permission));
            }
        }
    }
}
