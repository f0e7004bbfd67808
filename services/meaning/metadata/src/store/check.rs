//! Checks of references against the rows, in the transaction that writes them.

use super::{CHUNK, Row, Store, definition, read::all, stored_kind, typing};
use crate::{
    model::{
        Definition, Kind, Record,
        integrity::{Catalogue, Edges, cycle_violation, cycles, find_cycles},
        typing::World,
    },
    reasons,
    schema::{definition_references as refs, definitions},
};
use auth::Scope;
use db::{Conn, Failure};
use diesel::prelude::*;
use error::{Error, Violation, Violations};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use value::{Id, Json};

/// Dependents that an error names; ListDependents lists them all.
const NAMED: usize = 20;

/// Something that is wrong with one definition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) id: Id,
    pub(crate) kind: Kind,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) violation: Violation,
}

/// One definition that is written: what it was, if it was, and what it is to be.
pub(super) struct Written<'a> {
    pub(super) before: Option<&'a Definition>,
    pub(super) after: &'a Definition,
}

impl Store {
    /// What is wrong with definitions of these kinds in the whole ontology, and how many of them there are.
    pub(crate) async fn findings(
        &self,
        scope: &Scope,
        kinds: Vec<Kind>,
    ) -> Result<(Vec<Finding>, usize), Error> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let records = all(c, tenant, &Kind::ALL)?
                    .into_iter()
                    .map(Row::record)
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(findings(&records, &kinds))
            })
            .await
    }
}

/// What is wrong with these definitions, which are all there are: their own rules, references, circles and formulas.
pub(super) fn findings(records: &[Record], kinds: &[Kind]) -> (Vec<Finding>, usize) {
    let world: World = records.iter().map(|record| &record.definition).collect();
    let catalogue: Catalogue = records
        .iter()
        .map(|record| record.definition.clone())
        .collect();
    let shown: HashMap<_, _> = records
        .iter()
        .filter(|record| kinds.contains(&record.definition.kind()))
        .map(|record| ((record.definition.kind(), record.definition.code()), record))
        .collect();
    let finding = |record: &Record, violation| Finding {
        id: record.id,
        kind: record.definition.kind(),
        code: record.definition.code().to_owned(),
        name: record.definition.header.name.clone(),
        violation,
    };
    let mut found = Vec::new();
    for record in records
        .iter()
        .filter(|record| kinds.contains(&record.definition.kind()))
    {
        let definition = &record.definition;
        let mut own = Violations::new();
        definition.check(&mut own);
        let wrong = own.as_slice().iter().cloned();
        let wrong = wrong
            .chain(catalogue.check(definition))
            .chain(world.check(definition));
        found.extend(wrong.map(|violation| finding(record, violation)));
    }
    for (kind, cycle) in cycles(records.iter().map(|record| &record.definition)) {
        if let Some(record) = shown.get(&(kind, cycle[0].as_str())) {
            found.push(finding(record, cycle_violation(&record.definition, &cycle)));
        }
    }
    (found, shown.len())
}

/// Refuses what one write has broken: unknown references, a cycle, parts that others refer to.
pub(super) fn refuse(
    c: &mut Conn,
    tenant: Id,
    before: Option<&Definition>,
    after: &Definition,
) -> Result<(), Failure> {
    let mut found = broken(c, tenant, &[Written { before, after }])?.remove(0);
    for violation in &mut found {
        violation.field = format!("{}.{}", after.kind().name(), violation.field);
    }
    let Some(first) = found.first() else {
        return Ok(());
    };
    let state = [&reasons::DEFINITION_CYCLE, &reasons::DEFINITION_IN_USE];
    // Where the request itself is wrong, that is said first: it can be mended without touching anything else.
    let own = found
        .iter()
        .any(|violation| state.iter().all(|reason| reason.name != violation.reason));
    match state
        .into_iter()
        .find(|reason| !own && reason.name == first.reason)
    {
        None => Err(Error::invalid(found).into()),
        Some(reason) => {
            let error = Error::new(reason, first.description.clone());
            Err(found.into_iter().fold(error, Error::with_violation).into())
        }
    }
}

/// Refuses to delete what others refer to, naming them.
pub(super) fn refuse_delete(
    c: &mut Conn,
    tenant: Id,
    definition: &Definition,
) -> Result<(), Failure> {
    let (kind, code) = (definition.kind().name(), definition.code());
    let dependents: Vec<(String, String, String)> = refs::table
        .filter(refs::tenant.eq(tenant))
        .filter(refs::to_kind.eq(kind))
        .filter(refs::to_code.eq(code))
        .filter(refs::from_kind.ne(kind).or(refs::from_code.ne(code)))
        .order((refs::from_kind, refs::from_code, refs::path))
        .select((refs::from_kind, refs::from_code, refs::path))
        .limit(NAMED as i64)
        .load(c)?;
    if dependents.is_empty() {
        return Ok(());
    }
    let names: BTreeSet<_> = dependents
        .iter()
        .map(|(kind, code, _)| format!("{kind} `{code}`"))
        .collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    let error = Error::new(
        &reasons::DEFINITION_IN_USE,
        format!("{kind} `{code}` is referred to by {names}"),
    );
    let violation = |(kind, code, path): (String, String, String)| {
        Violation::new(
            path,
            reasons::DEFINITION_IN_USE.name,
            format!("{kind} `{code}` refers to it"),
        )
    };
    Err(dependents
        .into_iter()
        .map(violation)
        .fold(error, Error::with_violation)
        .into())
}

/// What is wrong with each of the definitions that are written, in their order; the same before their rows are
/// written and after. Takes time in proportion to what is written, to what it is built on, and to the metrics that read
/// what is typed otherwise now.
pub(super) fn broken(
    c: &mut Conn,
    tenant: Id,
    written: &[Written<'_>],
) -> Result<Vec<Vec<Violation>>, Failure> {
    let catalogue = referred(c, tenant, written)?;
    let mut found: Vec<_> = written
        .iter()
        .map(|written| catalogue.check(written.after))
        .collect();
    circles(c, tenant, written, &mut found)?;
    dangling(c, tenant, written, &mut found)?;
    let circle = |violation: &Violation| violation.reason == reasons::DEFINITION_CYCLE.name;
    // In a circle nothing has a type; whoever breaks it is told the rest.
    if !found.iter().flatten().any(circle) {
        typing::check(c, tenant, written, &mut found)?;
    }
    Ok(found)
}

/// The place of each definition that is written.
fn places<'a>(written: &'a [Written<'_>]) -> HashMap<(Kind, &'a str), usize> {
    written
        .iter()
        .enumerate()
        .map(|(index, written)| ((written.after.kind(), written.after.code()), index))
        .collect()
}

/// What the written definitions refer to: those that are written themselves, and live rows for the others.
fn referred(c: &mut Conn, tenant: Id, written: &[Written<'_>]) -> Result<Catalogue, Failure> {
    let places = places(written);
    let (mut own, mut codes) = (BTreeSet::new(), BTreeMap::<Kind, BTreeSet<String>>::new());
    for reference in written
        .iter()
        .flat_map(|written| written.after.references())
    {
        match places.get(&(reference.kind, reference.code.as_str())) {
            Some(index) => {
                own.insert(*index);
            }
            None => {
                codes
                    .entry(reference.kind)
                    .or_default()
                    .insert(reference.code);
            }
        }
    }
    let mut known: Vec<_> = own
        .into_iter()
        .map(|index| written[index].after.clone())
        .collect();
    for (kind, codes) in codes {
        let codes: Vec<_> = codes.into_iter().collect();
        for codes in codes.chunks(CHUNK) {
            let documents: Vec<Json> = definitions::table
                .filter(definitions::tenant.eq(tenant))
                .filter(definitions::kind.eq(kind.name()))
                .filter(definitions::code.eq_any(codes.to_vec()))
                .filter(definitions::deleted_at.is_null())
                .select(definitions::document)
                .load(c)?;
            for document in documents {
                known.push(definition(kind.name(), document)?);
            }
        }
    }
    Ok(known.into_iter().collect())
}

/// Circles that the written definitions are part of, each at the first of them. Who refers to nothing new of its own
/// kind closes none.
fn circles(
    c: &mut Conn,
    tenant: Id,
    written: &[Written<'_>],
    found: &mut [Vec<Violation>],
) -> Result<(), Failure> {
    let mut starts: BTreeMap<Kind, Vec<&str>> = BTreeMap::new();
    for Written { before, after } in written {
        let known = before.map_or_else(Vec::new, Definition::foundations);
        if after.foundations().iter().any(|code| !known.contains(code)) {
            starts.entry(after.kind()).or_default().push(after.code());
        }
    }
    let places = places(written);
    for (kind, starts) in starts {
        let pairs: Vec<(String, String)> = refs::table
            .filter(refs::tenant.eq(tenant))
            .filter(refs::from_kind.eq(kind.name()))
            .filter(refs::to_kind.eq(kind.name()))
            .order((refs::from_code, refs::path))
            .select((refs::from_code, refs::to_code))
            .load(c)?;
        let mut edges = Edges::new();
        for (from, to) in pairs {
            if !places.contains_key(&(kind, from.as_str())) {
                edges.entry(from).or_default().push(to);
            }
        }
        for after in written.iter().map(|written| written.after) {
            if after.kind() == kind {
                edges.insert(after.code().to_owned(), after.foundations());
            }
        }
        for cycle in find_cycles(starts, &edges) {
            let index = places[&(kind, cycle[0].as_str())];
            found[index].push(cycle_violation(written[index].after, &cycle));
        }
    }
    Ok(())
}

/// References of others to parts that are gone. Of those that are written too the catalogue knows more.
fn dangling(
    c: &mut Conn,
    tenant: Id,
    written: &[Written<'_>],
    found: &mut [Vec<Violation>],
) -> Result<(), Failure> {
    let mut gone: BTreeMap<Kind, BTreeMap<&str, HashSet<&str>>> = BTreeMap::new();
    for Written { before, after } in written {
        let left: HashSet<_> = after.parts().into_iter().collect();
        let parts = before.map_or_else(Vec::new, Definition::parts);
        let parts: HashSet<_> = parts
            .into_iter()
            .filter(|part| !left.contains(part))
            .collect();
        if !parts.is_empty() {
            gone.entry(after.kind())
                .or_default()
                .insert(after.code(), parts);
        }
    }
    let places = places(written);
    for (kind, gone) in gone {
        let list = kind
            .fields()
            .iter()
            .find(|field| matches!(**field, "attributes" | "modules" | "stages"));
        let codes: Vec<_> = gone.keys().map(|code| (*code).to_owned()).collect();
        for codes in codes.chunks(CHUNK) {
            let dependents: Vec<(String, String, String, String, String)> = refs::table
                .filter(refs::tenant.eq(tenant))
                .filter(refs::to_kind.eq(kind.name()))
                .filter(refs::to_code.eq_any(codes.to_vec()))
                .filter(refs::to_part.ne(""))
                .order((
                    refs::to_code,
                    refs::to_part,
                    refs::from_kind,
                    refs::from_code,
                    refs::path,
                ))
                .select((
                    refs::to_code,
                    refs::to_part,
                    refs::from_kind,
                    refs::from_code,
                    refs::path,
                ))
                .load(c)?;
            for (to, part, from_kind, from, path) in dependents {
                let from_kind = stored_kind(&from_kind)?;
                let violations = &mut found[places[&(kind, to.as_str())]];
                if !gone[to.as_str()].contains(part.as_str())
                    || places.contains_key(&(from_kind, from.as_str()))
                    || violations.len() >= NAMED
                {
                    continue;
                }
                let words = format!(
                    "`{part}` is referred to by {} `{from}` ({path})",
                    from_kind.name()
                );
                let reason = reasons::DEFINITION_IN_USE.name;
                violations.push(Violation::new(*list.unwrap_or(&""), reason, words));
            }
        }
    }
    Ok(())
}
