//! Making tables and bringing them in line with their definitions, each in one transaction with its description and its event.

use super::{Ground, Tables, chunks, registry};
use crate::{
    convert,
    model::{
        change::{self, Place, Plan},
        definition::Definition,
        table::{TableShape, TableState},
    },
    reasons,
    store::physical,
};
use auth::Scope;
use db::{Conn, Failure, outbox};
use error::{Error, Result};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use value::{Id, Time};

/// Who brings a table in line, and when.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) tenant: Id,
    pub(crate) actor: String,
    pub(crate) now: Time,
    pub(crate) ground: Ground,
    /// How long it waits for others to let go of the table, where not as long as any statement does: whoever comes after it waits, too.
    pub(crate) patience: Option<Duration>,
}

impl Change {
    fn place(&self, id: Id) -> Place {
        Place {
            id,
            tenant: self.tenant,
            schema: self.ground.schema.clone(),
            dialect: self.ground.dialect,
            interval: self.ground.interval,
            now: self.now,
        }
    }
}

impl Tables {
    pub(crate) fn change(&self, scope: &Scope) -> Change {
        Change {
            tenant: scope.tenant(),
            actor: scope.actor(),
            now: self.clock().now(),
            ground: self.ground(),
            patience: None,
        }
    }

    /// Makes or changes the table of a definition; with `force` also where that version was looked at before.
    pub(crate) async fn follow(
        &self,
        scope: &Scope,
        definition: &Arc<Definition>,
        force: bool,
    ) -> Result<TableShape> {
        let outcome = match self.try_follow(scope, definition, force).await {
            Err(error) if error.is(&reasons::TABLE_DAMAGED) => {
                self.repair(scope, &definition.code).await?;
                self.try_follow(scope, definition, force).await
            }
            outcome => outcome,
        };
        self.remember(scope.tenant(), definition, outcome.as_ref().err());
        outcome
    }

    async fn try_follow(
        &self,
        scope: &Scope,
        definition: &Arc<Definition>,
        force: bool,
    ) -> Result<TableShape> {
        let mut change = self.change(scope);
        if !force {
            change.patience = Some(self.patience(scope.tenant(), definition));
        }
        let (definition, id) = (Arc::clone(definition), Id::new());
        self.db()
            .claim(scope, move |conn| {
                let followed = follow_in(conn, &change, &definition, id, force);
                followed.map_err(|failure| match failure {
                    Failure::Sql(sql) if !force && physical::is_held(&sql) => {
                        held(&definition.code, sql).into()
                    }
                    other => super::undefined(other),
                })
            })
            .await
    }

    /// What would have to be done for the table of an entity to follow its definition.
    pub(crate) async fn plan(&self, scope: &Scope, entity: &str) -> Result<Plan> {
        let definition = self.definition(scope, entity).await?;
        let change = self.change(scope);
        self.db()
            .read(scope, move |conn| {
                let own = registry::of_entity(conn, &change.ground, change.tenant, definition.id)?;
                match own {
                    None => Ok(change::plan_new(&change.place(Id::NIL), &definition)),
                    Some(shape) => {
                        plan_in(conn, &change, &shape, &definition).map_err(super::undefined)
                    }
                }
            })
            .await
    }

    /// Brings the table of an entity in line with its definition, also where that was tried before.
    pub(crate) async fn apply(&self, scope: &Scope, entity: &str) -> Result<Arc<TableShape>> {
        let definition = self.definition(scope, entity).await?;
        self.forget(scope.tenant(), entity);
        Ok(Arc::new(self.follow(scope, &definition, true).await?))
    }

    /// The definition of a live entity.
    pub(crate) async fn definition(&self, scope: &Scope, entity: &str) -> Result<Arc<Definition>> {
        let found = self.definitions(scope, &[entity]).await?;
        match found.into_iter().next().flatten() {
            Some(definition) => Ok(definition),
            None => {
                self.refuse_deleted(scope, entity).await?;
                Err(Error::not_found("entity", entity))
            }
        }
    }

    /// Notes that the entity of a table was deleted, and refuses; where there never was a table all is well.
    pub(super) async fn refuse_deleted(&self, scope: &Scope, entity: &str) -> Result<()> {
        // Codes that nobody ever defined are asked for often: they must not wait for writers, nor hold them up.
        let (found, _) = self.batch(scope, vec![entity.to_owned()]).await?;
        let Some(shape) = found.into_iter().next() else {
            return Ok(());
        };
        if shape.state != TableState::Orphaned {
            self.orphan(scope, &shape).await?;
        }
        let words = format!("the entity `{entity}` was deleted; its rows are kept");
        Err(Error::new(&reasons::TABLE_ORPHANED, words).with_metadata("entity", entity))
    }

    /// Brings every table of a tenant in line: makes those that entities lack, notes whose entity was deleted. What goes wrong with one
    /// table keeps no other from it; false says that something did.
    pub(crate) async fn follow_all(
        &self,
        scope: &Scope,
        definitions: &[Arc<Definition>],
    ) -> Result<bool> {
        let change = self.change(scope);
        let live: BTreeSet<Id> = definitions.iter().map(|definition| definition.id).collect();
        let known = self
            .db()
            .read(scope, move |conn| {
                registry::all(conn, &change.ground, change.tenant)
            })
            .await?;
        let mut all = true;
        for definition in definitions {
            let current = known.iter().any(|shape| {
                shape.entity_id == definition.id
                    && shape.seen_version >= definition.version
                    && shape.state != TableState::Orphaned
            });
            if current {
                continue;
            }
            if self.waits(scope.tenant(), definition) {
                all = false;
                continue;
            }
            if let Err(error) = self.follow(scope, definition, false).await {
                let entity = definition.code.as_str();
                tracing::warn!(entity, %error, "a table could not follow its definition");
                all = false;
            }
        }
        let gone = known
            .into_iter()
            .filter(|shape| !live.contains(&shape.entity_id));
        for shape in gone.filter(|shape| shape.state != TableState::Orphaned) {
            self.orphan(scope, &shape).await?;
        }
        Ok(all)
    }

    /// The tenants that have tables, whatever `metadata` knows of them.
    pub(crate) async fn tenants(&self, scope: &Scope) -> Result<Vec<Id>> {
        self.db().read(scope, registry::tenants).await
    }

    /// Notes that the entity of a table was deleted.
    pub(crate) async fn orphan(&self, scope: &Scope, shape: &TableShape) -> Result<()> {
        let (change, id) = (self.change(scope), shape.entity_id);
        self.forget(shape.tenant, &shape.entity);
        self.db()
            .claim(scope, move |conn| orphan_in(conn, &change, id))
            .await
    }
}

/// Others work with the table for longer than somebody should wait who only wants to read it.
fn held(entity: &str, sql: diesel::result::Error) -> Error {
    let words = format!("others work with the table of `{entity}`");
    Error::new(&reasons::TABLE_BEHIND, words)
        .with_metadata("entity", entity)
        .with_source(sql)
}

fn plan_in(
    conn: &mut Conn,
    change: &Change,
    shape: &TableShape,
    definition: &Definition,
) -> Result<Plan, Failure> {
    let dialect = change.ground.dialect;
    let questions = change::questions(shape, definition);
    let mut facts = physical::facts(conn, shape, dialect, &questions)?;
    let place = change.place(shape.id);
    let plan = change::plan(shape, definition, &facts, &place);
    if !plan.moves || !conn.is_postgres() {
        return Ok(plan);
    }
    facts.spans = chunks::spans(conn, shape)?;
    Ok(change::plan(shape, definition, &facts, &place))
}

/// Makes or changes a table, or says why it cannot follow.
pub(crate) fn follow_in(
    conn: &mut Conn,
    change: &Change,
    definition: &Definition,
    id: Id,
    force: bool,
) -> Result<TableShape, Failure> {
    let (ground, tenant) = (&change.ground, change.tenant);
    let seen = |shape: &TableShape| {
        shape.seen_version >= definition.version && shape.state != TableState::Orphaned
    };
    match registry::of_entity(conn, ground, tenant, definition.id)? {
        Some(shape) if seen(&shape) && !force => return Ok(shape),
        _ => {}
    }
    if let Some(patience) = change.patience {
        physical::wait_at_most(conn, patience)?;
    }
    physical::lock_key(conn, &format!("{tenant}/{}", definition.id))?;
    let Some(shape) = registry::locked(conn, ground, tenant, definition.id)? else {
        return create_in(conn, change, definition, id);
    };
    if seen(&shape) && !force {
        return Ok(shape);
    }
    if !shape.damage.is_empty() {
        // What is missing comes back, or its loss is accepted, before anything is changed.
        return match force {
            true => Err(super::damaged(&shape).into()),
            false => Ok(shape),
        };
    }
    if !physical::exists(conn, &shape)? {
        return Err(Error::new(
            &reasons::TABLE_DAMAGED,
            format!("the table of `{}` is gone", shape.entity),
        )
        .into());
    }
    let plan = plan_in(conn, change, &shape, definition)?;
    let mut problems = plan.problems();
    let mut next = shape.clone();
    if problems.is_empty() {
        problems.extend(physical::try_run(conn, &plan.script)?.err());
    }
    if problems.is_empty() {
        next = plan.next.clone();
    } else {
        next.state = TableState::Incompatible;
        next.problems = problems;
        next.seen_version = definition.version;
    }
    if next == shape {
        return Ok(shape);
    }
    save(conn, change, next, plan.words())
}

/// Describes a table anew, and tells others.
pub(crate) fn save(
    conn: &mut Conn,
    change: &Change,
    mut next: TableShape,
    words: Vec<String>,
) -> Result<TableShape, Failure> {
    next.version += 1;
    next.updated = change.now;
    registry::update(conn, &next)?;
    announce(conn, change, &next, words)?;
    Ok(next)
}

fn create_in(
    conn: &mut Conn,
    change: &Change,
    definition: &Definition,
    id: Id,
) -> Result<TableShape, Failure> {
    let plan = change::plan_new(&change.place(id), definition);
    if !plan.is_compatible() {
        let words = format!(
            "`{}` can have no table: {}",
            definition.code,
            plan.problems().join("; ")
        );
        return Err(Error::new(&reasons::TABLE_INCOMPATIBLE, words).into());
    }
    physical::run(conn, &plan.script)?;
    registry::insert(conn, &plan.next)?;
    announce(conn, change, &plan.next, plan.words())?;
    Ok(plan.next)
}

fn orphan_in(conn: &mut Conn, change: &Change, entity_id: Id) -> Result<(), Failure> {
    let found = registry::locked(conn, &change.ground, change.tenant, entity_id)?;
    let Some(mut shape) = found.filter(|shape| shape.state != TableState::Orphaned) else {
        return Ok(());
    };
    shape.state = TableState::Orphaned;
    let words = vec!["its entity was deleted; rows are kept".to_owned()];
    save(conn, change, shape, words)?;
    Ok(())
}

fn announce(
    conn: &mut Conn,
    change: &Change,
    shape: &TableShape,
    words: Vec<String>,
) -> Result<(), Failure> {
    // The definition got another name or description: nobody needs to hear of that.
    if words.is_empty() {
        return Ok(());
    }
    outbox::put(
        conn,
        &[outbox::Event {
            id: Id::new(),
            tenant: change.tenant,
            topic: convert::tables::TABLE_CHANGED.to_owned(),
            lane: shape.id.to_string(),
            version: shape.version,
            payload: convert::tables::table_changed(shape, words, &change.actor),
            created_at: change.now,
            leased_until: None,
        }],
    )
}

/// Every chunk of a table is gone with its rows: counts begin anew.
pub(crate) fn clear_counts(
    conn: &mut Conn,
    change: &Change,
    shape: &TableShape,
) -> Result<(), Failure> {
    for start in chunks::starts(conn, shape)? {
        chunks::correct(conn, shape, start, 0, change.now)?;
    }
    Ok(())
}
