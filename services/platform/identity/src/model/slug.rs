//! Short names of tenants, as people type them at sign-in.

use std::fmt;

use error::{Error, Result};

/// The most bytes a slug may have: that of a DNS label, as it may become one.
pub(crate) const MAX_LEN: usize = 63;

/// Lower case letters, digits and single hyphens between them; begins with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slug(String);

impl Slug {
    /// Reads a slug; case is not folded: there is one spelling.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self> {
        let parts_hold = text.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
        if text.len() <= MAX_LEN && text.starts_with(|c: char| c.is_ascii_lowercase()) && parts_hold
        {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid_field(
            field,
            "SLUG",
            "must be lower case letters, digits and single hyphens, begin with a letter, at most 63 characters",
        ))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slugs_have_one_spelling() {
        for text in ["default", "acme", "acme-2", "a-b-c", "a"] {
            assert_eq!(Slug::parse("slug", text).unwrap().to_string(), text);
        }
        let long = "a".repeat(64);
        for text in ["", "Acme", "-a", "a-", "a--b", "2a", "a b", "ä", &long] {
            assert!(Slug::parse("slug", text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_is_a_dns_label(text in "\\PC{0,70}") {
            if let Ok(slug) = Slug::parse("slug", &text) {
                prop_assert!(slug.to_string().len() <= MAX_LEN);
                prop_assert!(!slug.to_string().contains("--") && !slug.to_string().ends_with('-'));
                prop_assert_eq!(slug.to_string(), text);
            }
        }

        #[test]
        fn well_formed_slugs_pass(text in "[a-z][a-z0-9]{0,10}(-[a-z0-9]{1,10}){0,3}") {
            prop_assert!(Slug::parse("slug", &text).is_ok());
        }
    }
}
