//! How secret a job is and which rules of compliance it falls under: changed, and noted among its transitions with who did it.

use super::{By, Record, Store, turn};
use auth::Scope;
use error::Error;
use value::{Id, Json};

/// What changes; none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Classes {
    pub(crate) security_level: Option<i32>,
    pub(crate) compliance_tags: Option<Vec<String>>,
}

impl Store {
    /// Changes how a job is classified; one that is so already is left alone.
    pub(crate) async fn classify(
        &self,
        scope: &Scope,
        key: (Id, String),
        classes: Classes,
        by: By,
    ) -> Result<Record, Error> {
        self.steer(scope, key, by, move |store, c, record, (by, now)| {
            let said = classes.apply(record)?;
            if said.is_empty() {
                return Ok(());
            }
            let by = By {
                reason: format!("{}: {}", by.reason, said.join("; ")),
                ..by.clone()
            };
            let state = record.state;
            turn::note(c, record, Some(state), state, (&by, now))?;
            store.save(c, record, Some(state), (&by, now))
        })
        .await
    }
}

impl Classes {
    /// Classifies a job; what changed, in words.
    fn apply(&self, record: &mut Record) -> Result<Vec<String>, Error> {
        let mut origin = record.origin();
        let mut said = Vec::new();
        if let Some(level) = self.security_level.map(|level| level.clamp(1, 3))
            && level != record.security_level
        {
            said.push(format!(
                "security level {} to {level}",
                record.security_level
            ));
            record.security_level = level;
        }
        if let Some(tags) = &self.compliance_tags
            && *tags != origin.compliance_tags
        {
            let (before, after) = (origin.compliance_tags.join(", "), tags.join(", "));
            said.push(format!("compliance tags `{before}` to `{after}`"));
            origin.compliance_tags.clone_from(tags);
            record.origin = Json::of(&origin).map_err(Error::internal)?;
        }
        Ok(said)
    }
}
