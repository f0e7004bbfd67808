//! The etag of a versioned row.

use error::{Error, Result, reason};

/// The etag of a version.
pub fn format(version: i64) -> String {
    format!("v{version}")
}

/// The version an etag stands for. What we never gave out matches nothing.
pub fn parse(etag: &str) -> Result<i64> {
    etag.strip_prefix('v')
        .and_then(|digits| digits.parse().ok())
        .filter(|version| format(*version) == etag)
        .ok_or_else(mismatch)
}

/// Refuses a change to a row whose version is not the one the client saw. An empty etag asks nothing.
pub fn check(etag: &str, version: i64) -> Result<()> {
    if etag.is_empty() || parse(etag)? == version {
        return Ok(());
    }
    Err(mismatch())
}

/// The row was changed meanwhile.
pub fn mismatch() -> Error {
    Error::new(
        &reason::ETAG_MISMATCH,
        "it was changed since it was read: read it again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_current_version_matches() {
        assert_eq!(parse(&format(7)).unwrap(), 7);
        assert!(check("v7", 7).is_ok() && check("", 7).is_ok());
        for etag in ["v6", "7", "v07", "v+7", "x"] {
            assert!(
                check(etag, 7).unwrap_err().is(&reason::ETAG_MISMATCH),
                "{etag}"
            );
        }
    }
}
