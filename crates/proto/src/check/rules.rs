//! The well-known string rules of `buf.validate` that are more than a comparison.

use std::collections::BTreeSet;

/// Hyphenated UUID, any version, either case.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// An address as the HTML standard defines it for `<input type=email>`, at most 254 bytes.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte));
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 254 && local_ok && domain.split('.').all(label_ok)
}

/// A URI with a scheme and something after it, without spaces or control characters (RFC 3986).
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !rest.is_empty()
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
}

/// Whether no entry stands twice.
pub fn is_unique<T: Ord>(entries: &[T]) -> bool {
    let mut seen = BTreeSet::new();
    entries.iter().all(|entry| seen.insert(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids() {
        assert!(is_uuid("01890a5d-ac96-774b-bcce-b302099a8057"));
        for bad in [
            "",
            "01890a5dac96774bbcceb302099a8057",
            "01890a5d-ac96-774b-bcce-b302099a805g",
        ] {
            assert!(!is_uuid(bad), "{bad}");
        }
    }

    #[test]
    fn emails() {
        for good in ["a@b", "admin@localhost", "first.last+tag@mail.example.com"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "a@", "@b", "a b@c", "a@-b", "a@b..c", "ä@b"] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn uris() {
        for good in [
            "https://example.com/a?b#c",
            "mailto:a@b",
            "postgres://host/db",
        ] {
            assert!(is_uri(good), "{good}");
        }
        for bad in ["", "example.com", "1http://x", "http:", "http://a b"] {
            assert!(!is_uri(bad), "{bad}");
        }
    }

    #[test]
    fn uniqueness() {
        assert!(is_unique(&["a", "b"]));
        assert!(!is_unique(&["a", "b", "a"]));
    }
}
