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
/// How long the first try waits for others to let go of the table; each waits twice as long as the one before.
const PATIENCE: Duration = Duration::from_millis(200);
/// The longest such wait is this many times as long.
const MOST_PATIENT: u32 = 16;
/// Between two tries where others hold on to the table.
pub(super) const BUSY: Duration = Duration::from_millis(500);

/// A definition that a table could not be brought in line with.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    version: i64,
    tries: u32,
    /// Whether others held on to the table, so that any call may try again in time.
    busy: bool,
    /// When it is tried again.
    next: Time,
    why: String,
}

/// What cannot be calculated of a table that is behind its definition.
pub(in crate::store) fn behind(shape: &TableShape, version: i64) -> Error {
    let words = format!(
        "the table of `{}` does not follow version {version} of its definition yet",
        shape.entity
    );
    Error::new(&reasons::TABLE_BEHIND, words)
        .with_metadata("entity", &shape.entity)
        .with_retry_after(BUSY)
}

impl Tables {
    /// What failed last for this version of a definition.
    pub(super) fn failed(&self, tenant: Id, definition: &Definition) -> Option<Failed> {
        let found = self.0.failed.get(&(tenant, definition.id));
        found.filter(|failed| failed.version == definition.version)
    }

    /// Whether it is too early to try again.
    pub(super) fn waits(&self, tenant: Id, definition: &Definition) -> bool {
        self.failed(tenant, definition)
            .is_some_and(|failed| self.clock().now() < failed.next)
    }

    /// Whether others hold on to the table, so that it could not follow the definition yet.
    pub(super) fn is_held(&self, tenant: Id, definition: &Definition) -> bool {
        self.failed(tenant, definition).is_some_and(|one| one.busy)
    }

    /// How long the next try waits for others to let go of the table.
    pub(super) fn patience(&self, tenant: Id, definition: &Definition) -> Duration {
        let tries = self.failed(tenant, definition).map_or(0, |one| one.tries);
        PATIENCE * 2_u32.saturating_pow(tries).min(MOST_PATIENT)
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
        let busy = error.is(&reasons::TABLE_BEHIND);
        let pause = match busy {
            true => BUSY,
            false => PAUSE * 2_u32.saturating_pow(before).min(MOST),
        };
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
                busy,
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
            let failed = self.failed(tenant, definition);
            let waits = failed.is_some_and(|one| !one.busy || self.clock().now() < one.next);
            if seen || !shape.damage.is_empty() || waits {
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
            .with_retry_after(if failed.busy { BUSY } else { PAUSE }))
    }
}
