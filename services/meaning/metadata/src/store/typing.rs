//! Formulas against the rows: whether what is written fits, and whether what is built on it still does.
//!
//! Only what can change is typed: the metrics that are written, and those that read what is typed otherwise than before.

use super::{CHUNK, check::Written, definition};
use crate::{
    model::{Definition, Kind, typing::World},
    reasons,
    schema::{definition_references as refs, definitions},
};
use db::{Conn, Failure};
use diesel::prelude::*;
use error::Violation;
use formula::Code;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};
use value::{Id, Json};

/// Metrics that one change is told to break; others are most likely broken by the same.
const NAMED: usize = 20;

type Key = (Kind, String);

/// Adds what is wrong with the formulas of what is written, and whose formulas it breaks.
pub(super) fn check(
    c: &mut Conn,
    tenant: Id,
    written: &[Written<'_>],
    found: &mut [Vec<Violation>],
) -> Result<(), Failure> {
    let own: Vec<_> = (0..written.len())
        .filter(|index| written[*index].after.relied_on().is_some())
        .collect();
    let affected = affected(c, tenant, written)?;
    if own.is_empty() && affected.is_empty() {
        return Ok(());
    }
    let codes_of_own = own
        .iter()
        .map(|index| written[*index].after.code().to_owned());
    let known = Known::load(
        c,
        tenant,
        written,
        codes_of_own.chain(affected.keys().cloned()),
    )?;
    let world = known.world();
    let mut misspelt = Vec::new();
    for index in own {
        let wrong = world.check(written[index].after);
        if wrong.iter().any(is_unknown) {
            misspelt.push(index);
        } else {
            found[index].extend(wrong);
        }
    }
    if !misspelt.is_empty() {
        let (entities, metrics) = (
            codes(c, tenant, Kind::Entity)?,
            codes(c, tenant, Kind::Metric)?,
        );
        let world = known.world().suggesting(entities, metrics);
        for index in misspelt {
            found[index].extend(world.check(written[index].after));
        }
    }
    let mut broken = Vec::new();
    for (code, cause) in affected {
        if let Some(definition) = known.after.get(&(Kind::Metric, code)) {
            let first = world.check(definition).into_iter().next();
            broken.extend(first.map(|first| (definition, cause, first)));
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    let before = known.world_before();
    for (definition, cause, first) in broken {
        // What was wrong already is not broken now.
        if found[cause].len() < NAMED && before.check(definition).is_empty() {
            found[cause].push(in_use(written[cause].after.kind(), definition, &first));
        }
    }
    Ok(())
}

fn is_unknown(violation: &Violation) -> bool {
    [Code::UnknownEntity, Code::UnknownMetric]
        .iter()
        .any(|code| code.name() == violation.reason)
}

fn in_use(kind: Kind, broken: &Definition, first: &Violation) -> Violation {
    let field = match kind {
        Kind::Entity => "attributes",
        _ => "formula",
    };
    let words = format!(
        "metric `{}` would no longer be right, at `{}`: {}",
        broken.code(),
        first.field,
        first.description
    );
    Violation::new(field, reasons::DEFINITION_IN_USE.name, words)
}

/// Live metrics that are not written themselves and may be typed otherwise after the change, each with the place of
/// what is written that may do so.
fn affected(
    c: &mut Conn,
    tenant: Id,
    written: &[Written<'_>],
) -> Result<BTreeMap<String, usize>, Failure> {
    let mut reached: BTreeMap<String, usize> = BTreeMap::new();
    let (mut entities, mut created) = (BTreeMap::new(), BTreeMap::new());
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for (index, Written { before, after }) in written.iter().enumerate() {
        let retyped = before.and_then(|before| after.retypes(before));
        match (after.kind(), retyped) {
            (Kind::Entity, Some(attributes)) => {
                entities.insert(after.code(), (index, attributes));
            }
            (Kind::Entity, None) if before.is_none() => {
                created.insert(after.code(), index);
            }
            (Kind::Metric, Some(_)) => {
                open.insert(after.code().to_owned(), index);
            }
            _ => {}
        }
    }
    for (from, to, part) in readers(c, tenant, entities.keys().copied(), By::Entity)? {
        let (index, attributes) = &entities[to.as_str()];
        if attributes
            .as_ref()
            .is_none_or(|changed| changed.contains(&part))
        {
            reached.entry(from).or_insert(*index);
        }
    }
    for (from, _, part) in readers(c, tenant, created.keys().copied(), By::Part)? {
        reached.entry(from).or_insert(created[part.as_str()]);
    }
    open.extend(reached.iter().map(|(code, index)| (code.clone(), *index)));
    while !open.is_empty() {
        let mut next = BTreeMap::new();
        for (from, to, _) in readers(c, tenant, open.keys().map(String::as_str), By::Metric)? {
            if !reached.contains_key(&from) {
                reached.insert(from.clone(), open[&to]);
                next.insert(from, open[&to]);
            }
        }
        open = next;
    }
    for metric in written.iter().map(|written| written.after) {
        if metric.kind() == Kind::Metric {
            reached.remove(metric.code());
        }
    }
    Ok(reached)
}

/// What metrics are looked for by.
enum By {
    /// The entity they read.
    Entity,
    /// The attribute they read, of whatever entity.
    Part,
    /// The metric they use.
    Metric,
}

/// Metrics that refer to one of the codes: who, to what, and to which part of it.
fn readers<'a>(
    c: &mut Conn,
    tenant: Id,
    codes: impl Iterator<Item = &'a str>,
    by: By,
) -> Result<Vec<(String, String, String)>, Failure> {
    let codes: Vec<_> = codes.map(str::to_owned).collect();
    let to_kind = match by {
        By::Metric => Kind::Metric,
        By::Entity | By::Part => Kind::Entity,
    };
    let mut found = Vec::new();
    for codes in codes.chunks(CHUNK) {
        let query = refs::table
            .filter(refs::tenant.eq(tenant))
            .filter(refs::from_kind.eq(Kind::Metric.name()))
            .filter(refs::to_kind.eq(to_kind.name()))
            .select((refs::from_code, refs::to_code, refs::to_part))
            .into_boxed();
        let query = match by {
            By::Part => query.filter(refs::to_part.eq_any(codes.to_vec())),
            By::Entity | By::Metric => query.filter(refs::to_code.eq_any(codes.to_vec())),
        };
        found.extend(query.load(c)?);
    }
    Ok(found)
}

/// Entities and metrics to type with, as far as they are needed: those written as they are to be, the others as they are.
#[derive(Default)]
struct Known<'a> {
    after: HashMap<Key, Cow<'a, Definition>>,
    /// Those written, as they were; none where they were not.
    changed: HashMap<Key, Option<&'a Definition>>,
}

impl<'a> Known<'a> {
    /// These metrics and all that they are typed against, now and before the change.
    fn load(
        c: &mut Conn,
        tenant: Id,
        written: &'a [Written<'a>],
        metrics: impl Iterator<Item = String>,
    ) -> Result<Self, Failure> {
        let written: HashMap<_, _> = written.iter().map(|one| (key(one.after), one)).collect();
        let mut known = Self::default();
        let mut open: BTreeSet<Key> = metrics.map(|code| (Kind::Metric, code)).collect();
        let mut asked = open.clone();
        while !open.is_empty() {
            let mut next = Vec::new();
            let mut others: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
            for (kind, code) in open {
                let key = (kind, code);
                let Some(Written { before, after }) = written.get(&key) else {
                    others.entry(kind).or_default().push(key.1);
                    continue;
                };
                for version in before.iter().chain([after]) {
                    next.extend(version.typed_against());
                }
                known.changed.insert(key.clone(), *before);
                known.after.insert(key, Cow::Borrowed(after));
            }
            for (kind, codes) in others {
                for codes in codes.chunks(CHUNK) {
                    for found in live(c, tenant, kind, codes)? {
                        next.extend(found.typed_against());
                        known.after.insert(key(&found), Cow::Owned(found));
                    }
                }
            }
            open = next
                .into_iter()
                .filter(|key| asked.insert(key.clone()))
                .collect();
        }
        Ok(known)
    }

    fn world(&self) -> World {
        self.after.values().map(Cow::as_ref).collect()
    }

    /// The same before the change.
    fn world_before(&self) -> World {
        let same = self
            .after
            .iter()
            .filter(|(key, _)| !self.changed.contains_key(*key));
        let same = same.map(|(_, definition)| definition.as_ref());
        same.chain(self.changed.values().copied().flatten())
            .collect()
    }
}

fn key(definition: &Definition) -> Key {
    (definition.kind(), definition.code().to_owned())
}

fn live(
    c: &mut Conn,
    tenant: Id,
    kind: Kind,
    codes: &[String],
) -> Result<Vec<Definition>, Failure> {
    let documents: Vec<Json> = definitions::table
        .filter(definitions::tenant.eq(tenant))
        .filter(definitions::kind.eq(kind.name()))
        .filter(definitions::code.eq_any(codes.to_vec()))
        .filter(definitions::deleted_at.is_null())
        .select(definitions::document)
        .load(c)?;
    let read = |document| definition(kind.name(), document);
    documents.into_iter().map(read).collect()
}

/// All live codes of a kind.
fn codes(c: &mut Conn, tenant: Id, kind: Kind) -> Result<Vec<String>, Failure> {
    let codes = definitions::table
        .filter(definitions::tenant.eq(tenant))
        .filter(definitions::kind.eq(kind.name()))
        .filter(definitions::deleted_at.is_null())
        .select(definitions::code)
        .load(c)?;
    Ok(codes)
}
