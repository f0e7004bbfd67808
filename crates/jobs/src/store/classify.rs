//! How secret a job is and which rules of compliance it falls under: changed, and noted among its transitions with who did it.

use super::{By, Record, Store, now, turn};
use auth::Scope;
use db::Conn;
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
        (job, etag): (Id, String),
        classes: Classes,
        by: By,
    ) -> Result<Record, Error> {
        let (store, tenant) = (self.clone(), scope.tenant());
        let work = move |c: &mut Conn| {
            let now = now(c)?;
            let mut record = turn::lock(c, tenant, job)?;
            db::etag::check(&etag, record.version)?;
            let mut origin = record.origin();
            let mut said = Vec::new();
            if let Some(level) = classes.security_level.map(|level| level.clamp(1, 3))
                && level != record.security_level
            {
                said.push(format!(
                    "security level {} to {level}",
                    record.security_level
                ));
                record.security_level = level;
            }
            if let Some(tags) = &classes.compliance_tags
                && *tags != origin.compliance_tags
            {
                let (before, after) = (origin.compliance_tags.join(", "), tags.join(", "));
                said.push(format!("compliance tags `{before}` to `{after}`"));
                origin.compliance_tags.clone_from(tags);
                record.origin = Json::of(&origin).map_err(Error::internal)?;
            }
            if said.is_empty() {
                return Ok(record);
            }
            let by = By {
                reason: format!("{}: {}", by.reason, said.join("; ")),
                ..by.clone()
            };
            let state = record.state;
            turn::note(c, &record, Some(state), state, (&by, now))?;
            store.save(c, &mut record, Some(state), (&by, now))?;
            Ok(record)
        };
        self.db.claim(scope, work).await
    }
}
