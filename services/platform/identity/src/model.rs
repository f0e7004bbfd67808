//! Domain rules of identity: names, passwords, lock-out, permission patterns and secrets; no I/O, no clock.

pub(crate) mod email;
pub(crate) mod event;
pub(crate) mod lockout;
pub(crate) mod password;
pub(crate) mod pattern;
pub(crate) mod role;
pub(crate) mod secret;
pub(crate) mod slug;

pub(crate) use email::Email;
pub(crate) use event::Event;
pub(crate) use slug::Slug;

use std::fmt;

use value::Id;

/// Slug of the tenant that exists from the first start and whose administrators run the platform.
pub(crate) const DEFAULT_TENANT: &str = "default";

/// E-mail address of the administrator made at the first start.
pub(crate) const FIRST_ADMINISTRATOR: &str = "admin@localhost";

/// What can hold a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SubjectKind {
    /// A person.
    User,
    /// Persons together.
    Group,
    /// A program.
    ServicePrincipal,
}

impl SubjectKind {
    /// The word a row holds.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::ServicePrincipal => "service_principal",
        }
    }

    /// The kind of a row's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::User, Self::Group, Self::ServicePrincipal]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whom a row filter narrows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A user, a service principal or the members of a group.
    Subject(SubjectKind, Id),
    /// All who hold the role of this name.
    Role(String),
}

/// The form of a name that is compared and sorted: without regard to case.
pub(crate) fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The least text greater than every text that begins with `prefix`; `None` is no upper bound.
pub(crate) fn prefix_end(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The range jumps over the surrogates, which are no characters.
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            other => char::from_u32(other as u32 + 1),
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn subject_kinds_round_trip() {
        for kind in [
            SubjectKind::User,
            SubjectKind::Group,
            SubjectKind::ServicePrincipal,
        ] {
            assert_eq!(SubjectKind::parse(&kind.to_string()), Some(kind));
        }
        assert_eq!(SubjectKind::parse("robot"), None);
    }

    proptest! {
        #[test]
        fn a_prefix_range_holds_exactly_what_begins_with_it(prefix in "\\PC{1,4}", text in "\\PC{0,6}") {
            let end = prefix_end(&prefix);
            let inside = text >= prefix && end.as_ref().is_none_or(|end| &text < end);
            prop_assert_eq!(inside, text.starts_with(&prefix));
        }
    }
}
