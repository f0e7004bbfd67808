//! Tables of zone 2 for those who read and write rows: made, brought in line with their definitions, and checked in the transaction
//! that uses them, so that nobody works with a table as it no longer is.
//!
//! [`Tables::read`] and [`Tables::write`] do all of it. The description of a table has a version; a transaction compares it with the
//! one it was prepared for and starts over with the new one if they differ.

mod chunks;
mod failed;
mod follow;
mod list;
pub(crate) mod registry;

pub(super) use chunks::{correct, counts as chunk_counts, open_partition, spans as chunk_spans};
pub(crate) use chunks::{open_chunks, record_change};
pub(super) use failed::behind;
pub(super) use follow::{Change, clear_counts, save};
pub(crate) use list::{ListQuery, TableOrder};

use super::physical;
use crate::{
    calls::Metadata,
    model::{
        chunk::Interval,
        ddl::{Dialect, ZONE},
        definition::Definition,
        table::{TableShape, TableState},
    },
    reasons,
};
use auth::Scope;
use db::{Backend, Conn, Db, Failure};
use error::{Error, Result};
use moka::sync::Cache;
use std::{collections::BTreeMap, sync::Arc};
use value::{Clock, Id};

/// Definitions that `metadata` is asked for at once.
const ASKED: usize = 500;
/// Definitions and shapes that are kept at hand.
const KEPT: u64 = 20_000;

/// How often work is done with a table that others keep changing; the last round tells the caller.
const ROUNDS: [bool; 3] = [false, false, true];

/// How tables are made.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How new tables are cut in time.
    pub(crate) chunk_interval: Interval,
    /// How many chunks a table has at most.
    pub(crate) max_chunks: usize,
}

/// How often a writer waits for a table that others hold on to, before it is told to come again.
const WRITER_TRIES: u32 = 10;

/// The tables of zone 2. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tables(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    metadata: Metadata,
    settings: Settings,
    known: Cache<(Id, String), Known>,
    failed: Cache<(Id, Id), failed::Failed>,
}

/// What was last heard of an entity.
#[derive(Clone)]
struct Known {
    /// The version of the ontology that said so.
    ontology_version: i64,
    /// `None`: there is no live entity of this code.
    definition: Option<Arc<Definition>>,
    /// The table as it was last seen, where it followed that definition.
    shape: Option<Arc<TableShape>>,
}

/// Where tables are.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) schema: Option<String>,
    pub(crate) dialect: Dialect,
    pub(crate) interval: Interval,
}

impl Tables {
    /// The tables in a database, which follow what `metadata` defines.
    pub(crate) fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        metadata: Metadata,
        settings: Settings,
    ) -> Self {
        Self(Arc::new(Inner {
            db,
            clock,
            metadata,
            settings,
            known: Cache::new(KEPT),
            failed: Cache::new(KEPT),
        }))
    }

    /// How many chunks a table has at most.
    pub(crate) fn max_chunks(&self) -> usize {
        self.0.settings.max_chunks
    }

    /// How new tables are cut in time.
    pub(crate) fn chunk_interval(&self) -> Interval {
        self.0.settings.chunk_interval
    }

    /// For which database statements are.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.0.db.backend() {
            Backend::Sqlite => Dialect::Sqlite,
            Backend::Postgres => Dialect::Postgres,
        }
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    pub(super) fn ground(&self) -> Ground {
        Ground {
            schema: self.0.db.zone(ZONE),
            dialect: self.dialect(),
            interval: self.0.settings.chunk_interval,
        }
    }

    /// The tables of these entities for reading, in this order. A definition that a table cannot follow does not matter: it is read as
    /// the last one that it followed says.
    ///
    /// # Errors
    /// `NOT_FOUND` of an entity that there is none of, `TABLE_ORPHANED` of a deleted one that has rows.
    pub(crate) async fn ready_for_read(
        &self,
        scope: &Scope,
        entities: &[&str],
    ) -> Result<Vec<Arc<TableShape>>> {
        let ready = self.ready(scope, entities).await?;
        Ok(ready.into_iter().map(|(shape, _)| shape).collect())
    }

    async fn ready(
        &self,
        scope: &Scope,
        entities: &[&str],
    ) -> Result<Vec<(Arc<TableShape>, Arc<Definition>)>> {
        let definitions = self.definitions(scope, entities).await?;
        let mut ready = Vec::with_capacity(entities.len());
        for (entity, definition) in entities.iter().zip(definitions) {
            let Some(definition) = definition else {
                self.refuse_deleted(scope, entity).await?;
                return Err(Error::not_found("entity", entity));
            };
            let shape = self.following(scope, entity, &definition).await?;
            ready.push((shape, definition));
        }
        Ok(ready)
    }

    /// The table of an entity as it is now, made or brought in line where it was not; also of a deleted one.
    pub(crate) async fn current(&self, scope: &Scope, entity: &str) -> Result<TableShape> {
        match self.ready_for_read(scope, &[entity]).await {
            Err(error) if !error.is(&reasons::TABLE_ORPHANED) => return Err(error),
            _ => {}
        }
        // What was made ready may be known from before rows were written.
        let (found, _) = self.batch(scope, vec![entity.to_owned()]).await?;
        let found = found.into_iter().next();
        found.ok_or_else(|| Error::not_found("table", entity))
    }

    /// The tables of these entities for writing, in this order.
    ///
    /// # Errors
    /// As [`Tables::ready_for_read`], and `TABLE_INCOMPATIBLE` where a table cannot follow its definition.
    pub(crate) async fn ready_for_write(
        &self,
        scope: &Scope,
        entities: &[&str],
    ) -> Result<Vec<Arc<TableShape>>> {
        let mut ready = self.ready(scope, entities).await?;
        // Rows wait for the definition, unlike those who read, who go on with the table as it was.
        for _ in 0..WRITER_TRIES {
            if !ready
                .iter()
                .any(|(_, definition)| self.is_held(scope.tenant(), definition))
            {
                break;
            }
            tokio::time::sleep(failed::BUSY).await;
            ready = self.ready(scope, entities).await?;
        }
        for (shape, definition) in &ready {
            whole(shape)?;
            writable(shape)?;
            self.refuse_behind(shape, definition)?;
        }
        Ok(ready.into_iter().map(|(shape, _)| shape).collect())
    }

    /// Reads the tables of these entities in one snapshot. The work is done again if a table was changed meanwhile, or is not as it
    /// should be and could be put right.
    pub(crate) async fn read<T, W>(
        &self,
        scope: &Scope,
        entities: Vec<String>,
        work: W,
    ) -> Result<T>
    where
        T: Send + 'static,
        W: Fn(&mut Conn, &[Arc<TableShape>]) -> Result<T, Failure> + Send + Sync + 'static,
    {
        let codes: Vec<_> = entities.iter().map(String::as_str).collect();
        let work = Arc::new(work);
        for last in ROUNDS {
            let shapes = self.ready_for_read(scope, &codes).await?;
            shapes.iter().try_for_each(|shape| whole(shape))?;
            let (work, used) = (Arc::clone(&work), shapes.clone());
            let outcome = self
                .0
                .db
                .read(scope, move |conn| {
                    let used = used.iter().map(|shape| registry::to_read(conn, shape));
                    let used = used.collect::<Result<Vec<_>, Failure>>()?;
                    work(conn, &used).map_err(undefined)
                })
                .await;
            match outcome {
                Err(error) if is_stale(&error) && !last => self.mend(scope, &shapes, error).await?,
                outcome => return outcome,
            }
        }
        unreachable!("the last round returns")
    }

    /// Writes rows of the tables of these entities: all writers of one table are one after another, and nobody changes the table
    /// meanwhile. The work may be done again, after other writers or with the table as it is then.
    pub(crate) async fn write<T, W>(
        &self,
        scope: &Scope,
        entities: Vec<String>,
        work: W,
    ) -> Result<T>
    where
        T: Send + 'static,
        W: Fn(&mut Conn, &[Arc<TableShape>]) -> Result<T, Failure> + Send + Sync + 'static,
    {
        let codes: Vec<_> = entities.iter().map(String::as_str).collect();
        let work = Arc::new(work);
        for last in ROUNDS {
            let shapes = self.ready_for_write(scope, &codes).await?;
            let (work, used) = (Arc::clone(&work), shapes.clone());
            // Read committed, with the tables locked first: what a serialisable transaction could only find out at its end.
            let outcome = self
                .0
                .db
                .claim(scope, move |conn| {
                    registry::lock(conn, &used)?;
                    work(conn, &used).map_err(undefined)
                })
                .await;
            match outcome {
                Err(error) if is_stale(&error) && !last => self.mend(scope, &shapes, error).await?,
                outcome => return outcome,
            }
        }
        unreachable!("the last round returns")
    }

    /// Forgets the tables, so that they are looked at again; where a name was missing from the database, looks for what else is wrong.
    async fn mend(&self, scope: &Scope, shapes: &[Arc<TableShape>], error: Error) -> Result<()> {
        for shape in shapes {
            self.forget(shape.tenant, &shape.entity);
            if error.is(&reasons::TABLE_DAMAGED) {
                self.repair(scope, &shape.entity).await?;
            }
        }
        Ok(())
    }

    /// Forgets a table, so that it is looked at again.
    pub(crate) fn forget(&self, tenant: Id, entity: &str) {
        let key = (tenant, entity.to_owned());
        if let Some(known) = self.0.known.get(&key) {
            self.0.known.insert(
                key,
                Known {
                    shape: None,
                    ..known
                },
            );
        }
    }

    /// What `metadata` says of these entities, now; `None` of those that there are none of.
    pub(crate) async fn definitions(
        &self,
        scope: &Scope,
        entities: &[&str],
    ) -> Result<Vec<Option<Arc<Definition>>>> {
        let mut codes = entities.to_vec();
        codes.sort_unstable();
        codes.dedup();
        let mut found = BTreeMap::new();
        for codes in codes.chunks(ASKED) {
            self.resolve(scope.tenant(), codes, &mut found).await?;
        }
        let definition = |entity: &&str| found.get(*entity).cloned();
        Ok(entities.iter().map(definition).collect())
    }

    /// Asks for definitions that are not known yet, and keeps them at hand.
    async fn resolve<'a>(
        &self,
        tenant: Id,
        codes: &[&'a str],
        found: &mut BTreeMap<&'a str, Arc<Definition>>,
    ) -> Result<()> {
        let key = |code: &&str| (tenant, (*code).to_owned());
        let known: Vec<_> = codes
            .iter()
            .map(|code| self.0.known.get(&key(code)))
            .collect();
        let version = |known: &Option<Known>| known.as_ref().map(|known| known.ontology_version);
        let first = known.first().and_then(version).unwrap_or(0);
        let version = match known.iter().all(|known| version(known) == Some(first)) {
            true => first,
            false => 0,
        };
        let answer = self.0.metadata.resolve(tenant, codes, version).await?;
        let Some(answer) = answer else {
            let same = codes.iter().zip(known);
            found.extend(same.filter_map(|(code, known)| Some((*code, known?.definition?))));
            return Ok(());
        };
        let mut fresh: BTreeMap<_, _> = answer
            .definitions
            .into_iter()
            .map(|definition| (definition.code.clone(), Arc::new(definition)))
            .collect();
        for (code, known) in codes.iter().zip(known) {
            let definition = fresh.remove(*code);
            let same = known.as_ref().and_then(|known| known.definition.as_ref());
            let shape = match same == definition.as_ref() {
                true => known.and_then(|known| known.shape),
                false => None,
            };
            found.extend(definition.clone().map(|definition| (*code, definition)));
            let known = Known {
                ontology_version: answer.ontology_version,
                definition,
                shape,
            };
            self.0.known.insert(key(code), known);
        }
        Ok(())
    }

    /// The table of an entity, made or changed where it does not follow the definition yet. Where that failed before, reading goes on with
    /// the table as it was, and the background task tries again.
    async fn following(
        &self,
        scope: &Scope,
        entity: &str,
        definition: &Arc<Definition>,
    ) -> Result<Arc<TableShape>> {
        let key = (scope.tenant(), entity.to_owned());
        let known = self.0.known.get(&key);
        // One that could not follow may have been brought in line by another process.
        let shape = known.as_ref().and_then(|known| known.shape.clone());
        let fits = |shape: &TableShape| {
            shape.state == TableState::Current
                && shape.damage.is_empty()
                && shape.seen_version >= definition.version
        };
        if let Some(shape) = shape.filter(|shape| fits(shape)) {
            return Ok(shape);
        }
        let shape = Arc::new(self.followed(scope, definition).await?);
        // Somebody may have heard of another definition meanwhile: the shape belongs to this one.
        let same = |known: &Known| {
            let own = known.definition.as_ref();
            own.is_some_and(|own| Arc::ptr_eq(own, definition))
        };
        if let Some(known) = self.0.known.get(&key).filter(same).filter(|_| fits(&shape)) {
            let shape = Some(Arc::clone(&shape));
            self.0.known.insert(key, Known { shape, ..known });
        }
        Ok(shape)
    }
}

/// Refuses what would write into a table that does not follow its definition.
fn writable(shape: &TableShape) -> Result<()> {
    if shape.state != TableState::Incompatible {
        return Ok(());
    }
    Err(incompatible(shape, "written"))
}

/// What cannot be done with the rows of a table that does not follow its definition.
pub(super) fn incompatible(shape: &TableShape, done: &str) -> Error {
    let why = shape.problems.join("; ");
    let words = format!("rows of `{}` cannot be {done}: {why}", shape.entity);
    Error::new(&reasons::TABLE_INCOMPATIBLE, words)
        .with_metadata("entity", &shape.entity)
        .with_metadata("entity_version", shape.seen_version.to_string())
}

/// Refuses a table of which something is missing that had rows: whatever is read of it would be wrong, and what is written would stand in
/// the way of what was lost.
fn whole(shape: &TableShape) -> Result<()> {
    if shape.damage.is_empty() {
        Ok(())
    } else {
        Err(damaged(shape))
    }
}

fn damaged(shape: &TableShape) -> Error {
    let words = format!(
        "`{}` is neither read nor written: {}; restore what is missing and call CheckTables with `repair`, or accept the loss with `accept_loss`",
        shape.entity,
        shape.damage.join("; ")
    );
    Error::new(&reasons::TABLE_DAMAGED, words).with_metadata("entity", &shape.entity)
}

fn is_stale(error: &Error) -> bool {
    error.is(&reasons::TABLE_CHANGED) || error.is(&reasons::TABLE_DAMAGED)
}

/// A name that the database does not know: the table was changed since the snapshot was taken, or by hand.
fn undefined(failure: Failure) -> Failure {
    match failure {
        Failure::Sql(sql) if physical::is_undefined(&sql) => Error::new(
            &reasons::TABLE_DAMAGED,
            "the table in the database is not as it should be",
        )
        .with_source(sql)
        .into(),
        Failure::Sql(sql) if physical::is_out_of_locks(&sql) => Error::new(
            &reasons::LOCKS_EXHAUSTED,
            "the database has no room for the locks of all the partitions that this needs",
        )
        .with_source(sql)
        .into(),
        other => other,
    }
}
