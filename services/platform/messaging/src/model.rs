//! What messages and their delivery are, whatever the contract, the tables and the log look like. Pure.

pub(crate) mod dedupe;
pub(crate) mod delivery;
pub(crate) mod figures;
pub(crate) mod patterns;
pub(crate) mod stored;

/// Topics of what not everybody may see who may read messages: accounts, and work with its security levels.
const PRIVATE: [&str; 2] = ["tessera.identity.", "tessera.jobs."];

/// Whether a topic tells of accounts or of work.
pub(crate) fn is_private(topic: &str) -> bool {
    PRIVATE.iter().any(|prefix| topic.starts_with(prefix))
}

/// Whether a pattern may match a topic of the platform's own: only what services say is ever above internal.
pub(crate) fn reaches_platform(pattern: &str) -> bool {
    reaches(pattern, bus::topic::PLATFORM)
}

/// Whether a pattern may match a topic that tells of accounts or of work.
pub(crate) fn reaches_private(pattern: &str) -> bool {
    PRIVATE.iter().any(|prefix| reaches(pattern, prefix))
}

/// Whether a pattern may match a topic that begins like this.
fn reaches(pattern: &str, prefix: &str) -> bool {
    let mut words = pattern.split('.');
    for word in prefix.trim_end_matches('.').split('.') {
        match words.next() {
            Some(">") => return true,
            Some("*") => {}
            Some(other) if other == word => {}
            _ => return false,
        }
    }
    // Topics have more words than that.
    words.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_private_and_what_reaches_it() {
        assert!(is_private("tessera.identity.v1.UserChanged"));
        assert!(is_private("tessera.jobs.v1.JobChanged"));
        assert!(!is_private("tessera.metadata.v1.DefinitionChanged"));
        for reaching in [
            ">",
            "tessera.>",
            "*.*.v1.*",
            "*.jobs.>",
            "tessera.identity.v1.UserChanged",
        ] {
            assert!(reaches_private(reaching), "{reaching}");
        }
        for other in [
            "ingestion.>",
            "*",
            "tessera.metadata.>",
            "*.completed",
            "tessera.identity",
        ] {
            assert!(!reaches_private(other), "{other}");
        }
        for (pattern, reaching) in [
            (">", true),
            ("*.completed", true),
            ("tessera.metadata.>", true),
            ("*", false),
            ("tessera", false),
            ("ingestion.>", false),
        ] {
            assert_eq!(reaches_platform(pattern), reaching, "{pattern}");
        }
    }
}
