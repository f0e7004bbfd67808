//! Changing definitions: the row, its version, its references and tags, and the event, in one transaction.

use super::{CHUNK, Change, Row, Store, check, definition, read::find, resolve};
use crate::{
    convert,
    model::{Action, Definition, Kind, Record, diff, mask},
    reasons,
    schema::{definition_references, definition_tags, definition_versions, definitions},
};
use auth::Scope;
use db::{Conn, Failure, OrElse, etag, idempotency::Once, outbox};
use diesel::{prelude::*, upsert::excluded};
use error::{Error, Violations};
use serde_json::Value;
use value::{Id, Json, Time};

/// Which definition to change, and the version it must still have; an empty etag is any.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) kind: Option<Kind>,
    pub(crate) id: Id,
    pub(crate) etag: String,
}

impl Store {
    /// Creates a definition, or finds what the same request created before. `render` makes the answer that is kept.
    pub(crate) async fn create(
        &self,
        scope: &Scope,
        once: Once,
        definition: Definition,
        render: fn(Record) -> Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        let change = self.change(scope);
        let record = change.created(definition);
        self.db
            .write(scope, move |c| {
                change.once(c, &once, |c| {
                    write(c, &change, &record, Action::Created, None)?;
                    check::refuse(c, change.tenant, None, &record.definition)?;
                    Ok(render(record.clone()))
                })
            })
            .await
    }

    /// Changes the fields of `paths` to those of `update`. What changes nothing makes no version.
    pub(crate) async fn update(
        &self,
        scope: &Scope,
        target: Target,
        update: Definition,
        paths: Vec<String>,
    ) -> Result<Record, Error> {
        let change = self.change(scope);
        let update = update.document();
        self.db
            .write(scope, move |c| {
                let old = target.load_live(c, change.tenant)?;
                let after = merged(&old.definition, update.clone(), &paths)?;
                change.replace(c, old, after, Action::Updated)
            })
            .await
    }

    /// Makes an older version the newest.
    pub(crate) async fn restore(
        &self,
        scope: &Scope,
        target: Target,
        version: i64,
    ) -> Result<Record, Error> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let old = target.load_live(c, change.tenant)?;
                let document: Json = definition_versions::table
                    .filter(definition_versions::tenant.eq(change.tenant))
                    .filter(definition_versions::definition_id.eq(target.id))
                    .filter(definition_versions::version.eq(version))
                    .select(definition_versions::document)
                    .first(c)
                    .on_missing(|| Error::not_found("version", version))?;
                let after = definition(old.definition.kind().name(), document)?;
                change.replace(c, old, after, Action::Restored)
            })
            .await
    }

    /// Deletes a definition that nothing refers to, or any by force. It can be brought back.
    pub(crate) async fn delete(
        &self,
        scope: &Scope,
        target: Target,
        force: bool,
    ) -> Result<Record, Error> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let mut record = target.load_live(c, change.tenant)?;
                if !force {
                    check::refuse_delete(c, change.tenant, &record.definition)?;
                }
                record.deleted = Some(change.now);
                change.next(&mut record);
                let old = record.definition.clone();
                write(c, &change, &record, Action::Deleted, Some(&old))?;
                Ok(record)
            })
            .await
    }

    /// Brings back a deleted definition. What it refers to must still be there.
    pub(crate) async fn undelete(&self, scope: &Scope, target: Target) -> Result<Record, Error> {
        let change = self.change(scope);
        self.db
            .write(scope, move |c| {
                let mut record = target.load(c, change.tenant)?;
                if record.deleted.take().is_none() {
                    return Err(Error::new(
                        &reasons::DEFINITION_NOT_DELETED,
                        "the definition is not deleted",
                    )
                    .into());
                }
                change.next(&mut record);
                let old = record.definition.clone();
                write(c, &change, &record, Action::Undeleted, Some(&old))?;
                check::refuse(c, change.tenant, None, &record.definition)?;
                Ok(record)
            })
            .await
    }
}

impl Target {
    fn load(&self, c: &mut Conn, tenant: Id) -> Result<Record, Failure> {
        let record = find(c, tenant, self.kind, self.id)?.record()?;
        etag::check(&self.etag, record.version)?;
        Ok(record)
    }

    fn load_live(&self, c: &mut Conn, tenant: Id) -> Result<Record, Failure> {
        let record = self.load(c, tenant)?;
        match record.deleted {
            None => Ok(record),
            Some(_) => {
                Err(Error::new(&reasons::DEFINITION_DELETED, "the definition is deleted").into())
            }
        }
    }
}

impl Change {
    /// A definition that is new now.
    pub(super) fn created(&self, definition: Definition) -> Record {
        let (id, now) = (Id::new(), self.now);
        Record {
            id,
            version: 1,
            created: now,
            updated: now,
            deleted: None,
            definition,
        }
    }

    /// Runs `work` unless the same request was done before.
    pub(super) fn once(
        &self,
        c: &mut Conn,
        once: &Once,
        work: impl FnOnce(&mut Conn) -> Result<Vec<u8>, Failure>,
    ) -> Result<Vec<u8>, Failure> {
        once.answer(c, &self.scope, self.now, work)
    }

    fn next(&self, record: &mut Record) {
        record.version += 1;
        record.updated = self.now;
    }

    fn replace(
        &self,
        c: &mut Conn,
        mut record: Record,
        after: Definition,
        action: Action,
    ) -> Result<Record, Failure> {
        if record.definition == after {
            return Ok(record);
        }
        let before = std::mem::replace(&mut record.definition, after);
        self.next(&mut record);
        write(c, self, &record, action, Some(&before))?;
        check::refuse(c, self.tenant, Some(&before), &record.definition)?;
        Ok(record)
    }
}

/// `before` with the fields of `paths` from `update`, checked as a whole.
fn merged(before: &Definition, update: Value, paths: &[String]) -> Result<Definition, Error> {
    let kind = before.kind();
    let document = mask::merge(kind, before.document(), update, paths)?;
    let mut found = Violations::new();
    let Some(after) = found.take(
        kind.name(),
        Definition::of_document(kind, document).map(Definition::completed),
    ) else {
        return Err(found
            .finish()
            .expect_err("something is wrong with the document"));
    };
    if !after.code().is_empty() && after.code() != before.code() {
        found.add(
            format!("{}.code", kind.name()),
            "IMMUTABLE",
            "a code never changes: others refer to it",
        );
    }
    let mut own = Violations::new();
    after.check(&mut own);
    let _ = found.take(kind.name(), own.finish());
    found.finish()?;
    Ok(after)
}

/// A version to write, and what it replaces where there was a definition before.
pub(super) struct Changed {
    pub(super) record: Record,
    pub(super) before: Option<Definition>,
}

/// Writes a version: as a new row where there was no definition before, else over the row of the version before.
fn write(
    c: &mut Conn,
    change: &Change,
    record: &Record,
    action: Action,
    before: Option<&Definition>,
) -> Result<(), Failure> {
    let changed = Changed {
        record: record.clone(),
        before: before.cloned(),
    };
    write_all(c, change, action, &[changed])
}

/// Writes many versions, in as few statements as the databases allow.
pub(super) fn write_all(
    c: &mut Conn,
    change: &Change,
    action: Action,
    changes: &[Changed],
) -> Result<(), Failure> {
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    let mut versions = Vec::with_capacity(changes.len());
    for Changed { record, before } in changes {
        let row = Row::of(change.tenant, record);
        versions.push(NewVersion {
            definition_id: record.id,
            version: record.version,
            tenant: change.tenant,
            action: action.name(),
            actor: &change.actor,
            document: row.document.clone(),
            created_at: record.updated,
        });
        if before.is_none() {
            new.push(row);
        } else if matches!((&*c, changes), (Conn::Sqlite(_), _) | (_, [_])) {
            overwrite(c, change, record, &row)?;
        } else {
            changed.push(row);
        }
    }
    overwrite_all(c, &changed)?;
    db::insert_all!(c, definitions::table, new).on_unique(|| match changes {
        [Changed { record, .. }] => exists(record),
        // Only another change at the same time gets here: the rows were looked for in this transaction.
        _ => Error::new(
            &reasons::DEFINITION_EXISTS,
            "one of the definitions has just been created",
        ),
    })?;
    db::insert_all!(c, definition_versions::table, versions)?;
    derive(c, change.tenant, changes)?;
    if !changes.is_empty() {
        let mut kinds = changes.iter().map(|change| change.record.definition.kind());
        resolve::count(c, change, kinds.any(Kind::is_of_ontology))?;
    }
    let events: Vec<_> = changes
        .iter()
        .map(|Changed { record, before }| event(change, record, action, before.as_ref()))
        .collect();
    outbox::put(c, &events)
}

fn overwrite(c: &mut Conn, change: &Change, record: &Record, row: &Row) -> Result<(), Failure> {
    let old = definitions::table
        .filter(definitions::tenant.eq(change.tenant))
        .filter(definitions::id.eq(record.id))
        .filter(definitions::version.eq(record.version - 1));
    let set = (
        definitions::name_key.eq(&row.name_key),
        definitions::search.eq(&row.search),
        definitions::state.eq(&row.state),
        definitions::value_chain.eq(&row.value_chain),
        definitions::module.eq(&row.module),
        definitions::document.eq(&row.document),
        definitions::version.eq(row.version),
        definitions::updated_at.eq(row.updated_at),
        definitions::deleted_at.eq(row.deleted_at),
    );
    let count = diesel::update(old)
        .set(set)
        .execute(c)
        .on_unique(|| exists(record))?;
    if count == 0 {
        return Err(etag::mismatch().into());
    }
    Ok(())
}

/// Many rows in a few statements: on PostgreSQL each statement is a round trip. That they are still of the version
/// that was read, in this transaction, the isolation of the transaction sees to.
fn overwrite_all(c: &mut Conn, rows: &[Row]) -> Result<(), Failure> {
    db::upsert!(
        c,
        definitions::table,
        rows,
        on = definitions::id,
        set = (
            definitions::name_key.eq(excluded(definitions::name_key)),
            definitions::search.eq(excluded(definitions::search)),
            definitions::state.eq(excluded(definitions::state)),
            definitions::value_chain.eq(excluded(definitions::value_chain)),
            definitions::module.eq(excluded(definitions::module)),
            definitions::document.eq(excluded(definitions::document)),
            definitions::version.eq(excluded(definitions::version)),
            definitions::updated_at.eq(excluded(definitions::updated_at)),
            definitions::deleted_at.eq(excluded(definitions::deleted_at)),
        )
    )?;
    Ok(())
}

fn exists(record: &Record) -> Error {
    let (kind, code) = (record.definition.kind().name(), record.definition.code());
    Error::new(
        &reasons::DEFINITION_EXISTS,
        format!("there is a {kind} `{code}`"),
    )
    .with_metadata("kind", kind)
    .with_metadata("code", code)
}

#[derive(Insertable)]
#[diesel(table_name = definition_references, treat_none_as_default_value = false)]
struct NewReference {
    definition_id: Id,
    path: String,
    tenant: Id,
    from_kind: &'static str,
    from_code: String,
    to_kind: &'static str,
    to_code: String,
    to_part: String,
}

#[derive(Insertable)]
#[diesel(table_name = definition_tags, treat_none_as_default_value = false)]
struct NewTag {
    definition_id: Id,
    tag: String,
    tenant: Id,
}

#[derive(Insertable)]
#[diesel(table_name = definition_versions, treat_none_as_default_value = false)]
struct NewVersion<'a> {
    definition_id: Id,
    version: i64,
    tenant: Id,
    action: &'static str,
    actor: &'a str,
    document: Json,
    created_at: Time,
}

/// Makes references and tags anew. What is deleted refers to nothing.
pub(super) fn derive(c: &mut Conn, tenant: Id, changes: &[Changed]) -> Result<(), Failure> {
    let old: Vec<_> = changes
        .iter()
        .filter(|change| change.before.is_some())
        .map(|change| change.record.id)
        .collect();
    for ids in old.chunks(CHUNK) {
        let own = definition_references::definition_id.eq_any(ids.to_vec());
        diesel::delete(
            definition_references::table
                .filter(definition_references::tenant.eq(tenant))
                .filter(own),
        )
        .execute(c)?;
        let own = definition_tags::definition_id.eq_any(ids.to_vec());
        diesel::delete(
            definition_tags::table
                .filter(definition_tags::tenant.eq(tenant))
                .filter(own),
        )
        .execute(c)?;
    }
    let (mut references, mut tags) = (Vec::new(), Vec::new());
    for Changed { record, .. } in changes {
        let definition = &record.definition;
        if record.deleted.is_none() {
            let own = definition.references().into_iter();
            references.extend(own.map(|reference| NewReference {
                definition_id: record.id,
                path: reference.path,
                tenant,
                from_kind: definition.kind().name(),
                from_code: definition.code().to_owned(),
                to_kind: reference.kind.name(),
                to_code: reference.code,
                to_part: reference.part,
            }));
        }
        tags.extend(definition.header.tags.iter().map(|tag| NewTag {
            definition_id: record.id,
            tag: tag.clone(),
            tenant,
        }));
    }
    db::insert_all!(c, definition_references::table, references)?;
    db::insert_all!(c, definition_tags::table, tags)?;
    Ok(())
}

fn event(
    change: &Change,
    record: &Record,
    action: Action,
    before: Option<&Definition>,
) -> outbox::Event {
    let nothing = Value::Object(serde_json::Map::new());
    let old = before.map_or(nothing, Definition::document);
    let paths = diff::diff(&old, &record.definition.document())
        .into_iter()
        .map(|change| change.path)
        .collect();
    outbox::Event {
        id: Id::new(),
        tenant: change.tenant,
        topic: convert::event::TOPIC.to_owned(),
        lane: record.id.to_string(),
        version: record.version,
        payload: convert::event::changed(record, action, &change.actor, paths),
        created_at: change.now,
        leased_until: None::<Time>,
    }
}
