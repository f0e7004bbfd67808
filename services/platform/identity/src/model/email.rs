//! E-mail addresses in the one form that is stored, compared and hashed.

use std::fmt;

use error::{Error, Result};

/// The most bytes an address may have (RFC 5321).
pub(crate) const MAX_LEN: usize = 254;
const MAX_LOCAL: usize = 64;
const MAX_LABEL: usize = 63;

/// A checked address, lower case. A domain without a dot is allowed: local installations have them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Email(String);

impl Email {
    /// Reads an address; spaces around it are dropped, case is folded.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self> {
        let text = text.trim().to_ascii_lowercase();
        let refuse = || Error::invalid_field(field, "EMAIL", "must be an e-mail address");
        let (local, domain) = text.rsplit_once('@').ok_or_else(refuse)?;
        if text.len() > MAX_LEN || !is_local(local) || !domain.split('.').all(is_label) {
            return Err(refuse());
        }
        Ok(Self(text))
    }

    /// The address.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_local(local: &str) -> bool {
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-.".contains(&b);
    !local.is_empty() && local.len() <= MAX_LOCAL && local.bytes().all(atom)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= MAX_LABEL
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_folded_and_checked() {
        for (text, stored) in [
            ("admin@localhost", "admin@localhost"),
            (" Ada.Lovelace+x@Example.COM ", "ada.lovelace+x@example.com"),
        ] {
            assert_eq!(Email::parse("email", text).unwrap().as_str(), stored);
        }
        for text in [
            "", "@", "a@", "@b", "a b@c", "a@b..c", "a@-b", "a@b-", "a@b@c", "ä@b.c", "a@b_c",
        ] {
            let error = Email::parse("user.email", text).unwrap_err();
            assert_eq!(error.violations()[0].field, "user.email", "{text}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        assert!(Email::parse("email", &long).is_err());
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_is_idempotent(text in "\\PC{0,300}") {
            if let Ok(email) = Email::parse("email", &text) {
                prop_assert_eq!(Email::parse("email", email.as_str()).unwrap(), email);
            }
        }

        #[test]
        fn ordinary_addresses_pass_in_any_case(local in "[a-zA-Z0-9._+-]{1,64}", domain in "[a-zA-Z0-9]{1,20}(\\.[a-zA-Z0-9]{1,10}){0,3}") {
            let email = Email::parse("email", &format!("{local}@{domain}")).unwrap();
            let expected = format!("{local}@{domain}").to_lowercase();
            prop_assert_eq!(email.as_str(), expected.as_str());
        }
    }
}
