//! The rule behind "nobody gives away more than they hold". What a pattern contains is decided by `auth`.

use std::collections::BTreeSet;
use std::sync::Arc;

use auth::{Permissions, Scope};
use error::{Error, Result};

use crate::reasons::ESCALATION_REFUSED;

/// What a caller holds; the system holds everything.
#[derive(Clone, Debug)]
pub(crate) struct Held(Option<Arc<Permissions>>);

impl Held {
    /// What the caller of a scope holds, narrowed as its token is.
    pub(crate) fn by(scope: &Scope) -> Self {
        Self(scope.caller().map(|caller| Arc::clone(&caller.permissions)))
    }

    /// Holds everything: for changes that give nobody power.
    pub(crate) fn everything() -> Self {
        Self(None)
    }

    /// Fails with what is missing unless all of `wanted`, permissions and patterns, is held.
    ///
    /// Patterns are compared one by one: `*.read` and `*.write` together do not contain `*`, which also
    /// stands for verbs that do not exist yet.
    pub(crate) fn cover<S: AsRef<str>>(&self, wanted: &[S]) -> Result<()> {
        let Some(held) = &self.0 else {
            return Ok(());
        };
        let missing: BTreeSet<&str> = wanted
            .iter()
            .map(AsRef::as_ref)
            .filter(|wanted| !held.covers(wanted))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
        Err(Error::new(
            &ESCALATION_REFUSED,
            format!("this reaches beyond what the caller holds: {missing}"),
        )
        .with_metadata("missing", missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(patterns: &[&str]) -> Held {
        Held(Some(Arc::new(Permissions::new(patterns))))
    }

    #[test]
    fn containment() {
        for (patterns, wanted, holds) in [
            (&["*"][..], "*", true),
            (&["*"], "*.read", true),
            (&["*.read"], "*", false),
            (&["*.read"], "*.read", true),
            (&["*.read"], "a.b.read", true),
            (&["*.read"], "a.b.write", false),
            (&["*.read"], "a.*", false),
            (&["*.read", "*.write"], "*", false),
            (&["a.*"], "a.b.*", true),
            (&["a.*"], "*.read", false),
            (&["a.*"], "ab.c.read", false),
            (&["a.b.read"], "a.*", false),
            (&[], "a.b.read", false),
        ] {
            let outcome = held(patterns).cover(&[wanted]);
            assert_eq!(outcome.is_ok(), holds, "{patterns:?} covers {wanted}");
        }
        assert!(Held(None).cover(&["*"]).is_ok(), "the system may");
    }

    #[test]
    fn what_is_missing_is_named_once() {
        let wanted = ["a.b.read", "a.b.admin", "a.b.admin"];
        let error = held(&["*.read"]).cover(&wanted).unwrap_err();
        assert!(error.is(&ESCALATION_REFUSED));
        assert_eq!(error.metadata()["missing"], "a.b.admin");
    }

    #[test]
    fn a_narrowed_token_hands_on_no_more_than_itself() {
        let own = Permissions::new(["*"]).narrowed_to(Permissions::new(["*.read"]));
        let held = Held(Some(Arc::new(own)));
        assert!(held.cover(&["a.b.read"]).is_ok());
        assert!(held.cover(&["*"]).is_err());
    }
}
