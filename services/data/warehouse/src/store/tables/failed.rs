//! Changes of tables that failed for another reason than the rows: remembered, so that not every call tries them again.

use super::{Tables, registry};
use crate::{
    model::{
        definition::Definition,
        table::{TableShape, TableState},
    },
    reasons,
};
use auth::Scope;
use error::{Error, Result, reason};
use std::{sync::Arc, time::Duration};
use value::{Id, Time};

/// Between the first two tries; each pause is twice as long as the one before.
const PAUSE: Duration = Duration::from_secs(60);
/// The longest pause is this many times as long.
const MOST: u32 = 32;

/// A definition that a table could not be brought in line with.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    version: i64,
    tries: u32,
    /// When the background task tries again.
    pub(super) next: Time,
    why: String,
}

impl Tables {
    /// What failed last for this version of a definition.
    pub(super) fn failed(&self, tenant: Id, definition: &Definition) -> Option<Failed> {
        let found = self.0.failed.get(&(tenant, definition.id));
        found.filter(|failed| failed.version == definition.version)
    }

    /// Notes how bringing a table in line went.
    pub(super) fn remember(&self, tenant: Id, definition: &Definition, error: Option<&Error>) {
        let key = (tenant, definition.id);
        let Some(error) = error else {
            self.0.failed.invalidate(&key);
            return;
        };
        // Others who were faster, and what has a name and a remedy of its own, are no reason to wait.
        let named = [
            &reasons::TABLE_CHANGED,
            &reasons::TABLE_DAMAGED,
            &reasons::TABLE_INCOMPATIBLE,
            &reason::STORAGE_UNAVAILABLE,
        ];
        if named.into_iter().any(|reason| error.is(reason)) {
            return;
        }
        let before = self.failed(tenant, definition).map_or(0, |one| one.tries);
        let pause = PAUSE * 2_u32.saturating_pow(before).min(MOST);
        let next = Time::from_micros(
            self.clock()
                .now()
                .micros()
                .saturating_add(i64::try_from(pause.as_micros()).unwrap_or(i64::MAX)),
        );
        let entity = definition.code.as_str();
        tracing::warn!(%tenant, entity, version = definition.version, %error, "a table could not follow its definition; it is read as before");
        self.0.failed.insert(
            key,
            Failed {
                version: definition.version,
                tries: before + 1,
                next,
                why: error.message().to_owned(),
            },
        );
    }

    /// The table of a definition as it is, where it needs or allows no change; otherwise made or changed.
    pub(super) async fn followed(
        &self,
        scope: &Scope,
        definition: &Arc<Definition>,
    ) -> Result<TableShape> {
        let (ground, tenant, id) = (self.ground(), scope.tenant(), definition.id);
        let own = self
            .db()
            .read(scope, move |conn| {
                registry::of_entity(conn, &ground, tenant, id)
            })
            .await?;
        let own = own.filter(|shape| shape.state != TableState::Orphaned);
        if let Some(shape) = own {
            let seen = shape.seen_version >= definition.version;
            if seen || !shape.damage.is_empty() || self.failed(tenant, definition).is_some() {
                return Ok(shape);
            }
            return match self.follow(scope, definition, false).await {
                // This call, too, reads on.
                Err(_) if self.failed(tenant, definition).is_some() => Ok(shape),
                outcome => outcome,
            };
        }
        self.follow(scope, definition, false).await
    }

    /// Refuses to write rows into a table that is behind its definition.
    pub(super) fn refuse_behind(&self, shape: &TableShape, definition: &Definition) -> Result<()> {
        if shape.seen_version >= definition.version || !shape.damage.is_empty() {
            return Ok(());
        }
        let Some(failed) = self.failed(shape.tenant, definition) else {
            return Ok(());
        };
        let words = format!(
            "rows of `{}` cannot be written before its table follows version {} of the definition: {}",
            shape.entity, definition.version, failed.why
        );
        Err(Error::new(&reasons::TABLE_BEHIND, words)
            .with_metadata("entity", &shape.entity)
            .with_retry_after(PAUSE))
    }
}
