//! Checks of references against the rows, in the transaction that has just written them.

use super::{Row, Store, definition, read::all};
use crate::{
    model::{
        Definition, Kind,
        integrity::{Catalogue, Edges, find_cycle},
    },
    reasons,
    schema::{definition_references as refs, definitions},
};
use auth::Scope;
use db::{Conn, Failure};
use diesel::prelude::*;
use error::{Error, Violation};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// One definition that was written: what it was, if it was, and what it is.
pub(super) struct Written<'a> {
    pub(super) before: Option<&'a Definition>,
    pub(super) after: &'a Definition,
}

impl Store {
    /// Everything that is wrong in the whole ontology, and how many definitions it has.
    pub(crate) async fn findings(&self, scope: &Scope) -> Result<(Vec<Finding>, usize), Error> {
        let tenant = scope.tenant();
        self.db
            .read(scope, move |c| {
                let records = all(c, tenant, &[])?
                    .into_iter()
                    .map(Row::record)
                    .collect::<Result<Vec<_>, _>>()?;
                let catalogue: Catalogue = records
                    .iter()
                    .map(|record| record.definition.clone())
                    .collect();
                let mut found: Vec<(Kind, String, Violation)> = Vec::new();
                for record in &records {
                    let definition = &record.definition;
                    let wrong = catalogue.check(definition).into_iter();
                    found.extend(wrong.map(|violation| {
                        (definition.kind(), definition.code().to_owned(), violation)
                    }));
                }
                for (kind, cycle) in catalogue.cycles() {
                    found.push((
                        kind,
                        cycle[0].clone(),
                        cycle_violation(String::new(), kind, &cycle),
                    ));
                }
                let known: HashMap<_, _> = records
                    .iter()
                    .map(|r| ((r.definition.kind(), r.definition.code()), r))
                    .collect();
                let finding = |(kind, code, violation): (Kind, String, Violation)| {
                    let record = known.get(&(kind, code.as_str()));
                    let id = record.map_or(Id::NIL, |record| record.id);
                    let name = record
                        .map_or_else(String::new, |record| record.definition.header.name.clone());
                    Finding {
                        id,
                        kind,
                        code,
                        name,
                        violation,
                    }
                };
                Ok((found.into_iter().map(finding).collect(), records.len()))
            })
            .await
    }
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

/// What is wrong with each of the definitions that were written, in their order.
pub(super) fn broken(
    c: &mut Conn,
    tenant: Id,
    written: &[Written<'_>],
) -> Result<Vec<Vec<Violation>>, Failure> {
    let catalogue = referred(c, tenant, written)?;
    let edges = edges(c, tenant, written)?;
    let mut found = Vec::with_capacity(written.len());
    for Written { before, after } in written {
        let mut wrong = catalogue.check(after);
        if let Some(cycle) = edges
            .get(&after.kind())
            .and_then(|edges| find_cycle(after.code(), edges))
        {
            let own = after
                .references()
                .into_iter()
                .filter(|reference| reference.kind == after.kind());
            let path = own
                .into_iter()
                .find(|reference| reference.code == cycle[1])
                .map(|reference| reference.path);
            wrong.push(cycle_violation(
                path.unwrap_or_default(),
                after.kind(),
                &cycle,
            ));
        }
        if let Some(before) = before {
            wrong.extend(dangling(c, tenant, before, after)?);
        }
        found.push(wrong);
    }
    Ok(found)
}

fn cycle_violation(path: String, kind: Kind, cycle: &[String]) -> Violation {
    let words = format!("{} {} is built on itself", kind.name(), cycle.join(" → "));
    Violation::new(path, reasons::DEFINITION_CYCLE.name, words)
}

/// The live definitions that the written ones refer to.
fn referred(c: &mut Conn, tenant: Id, written: &[Written<'_>]) -> Result<Catalogue, Failure> {
    let mut codes: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    for reference in written
        .iter()
        .flat_map(|written| written.after.references())
    {
        codes
            .entry(reference.kind)
            .or_default()
            .insert(reference.code);
    }
    let mut known = Vec::new();
    for (kind, codes) in codes {
        let codes: Vec<_> = codes.into_iter().collect();
        for codes in codes.chunks(10_000) {
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

/// Who is built on whom, for the kinds of which a written definition refers to its own kind.
fn edges(
    c: &mut Conn,
    tenant: Id,
    written: &[Written<'_>],
) -> Result<BTreeMap<Kind, Edges>, Failure> {
    let kinds: BTreeSet<_> = written
        .iter()
        .map(|written| written.after)
        .filter(|after| {
            after
                .references()
                .iter()
                .any(|reference| reference.kind == after.kind())
        })
        .map(Definition::kind)
        .collect();
    let mut out = BTreeMap::new();
    for kind in kinds {
        let pairs: Vec<(String, String)> = refs::table
            .filter(refs::tenant.eq(tenant))
            .filter(refs::from_kind.eq(kind.name()))
            .filter(refs::to_kind.eq(kind.name()))
            .order((refs::from_code, refs::path))
            .select((refs::from_code, refs::to_code))
            .load(c)?;
        let edges: &mut Edges = out.entry(kind).or_default();
        for (from, to) in pairs {
            edges.entry(from).or_default().push(to);
        }
    }
    Ok(out)
}

/// References of others to parts that are gone.
fn dangling(
    c: &mut Conn,
    tenant: Id,
    before: &Definition,
    after: &Definition,
) -> Result<Vec<Violation>, Failure> {
    let left = after.parts();
    let gone: Vec<_> = before
        .parts()
        .into_iter()
        .filter(|part| !left.contains(part))
        .map(str::to_owned)
        .collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let kind = after.kind().name();
    let dependents: Vec<(String, String, String, String)> = refs::table
        .filter(refs::tenant.eq(tenant))
        .filter(refs::to_kind.eq(kind))
        .filter(refs::to_code.eq(after.code().to_owned()))
        .filter(refs::to_part.eq_any(gone))
        .order((refs::to_part, refs::from_kind, refs::from_code, refs::path))
        .select((refs::to_part, refs::from_kind, refs::from_code, refs::path))
        .limit(NAMED as i64)
        .load(c)?;
    let list = after
        .kind()
        .fields()
        .iter()
        .find(|field| matches!(**field, "attributes" | "modules" | "stages"));
    let violation = |(part, kind, code, path): (String, String, String, String)| {
        let words = format!("`{part}` is referred to by {kind} `{code}` ({path})");
        Violation::new(*list.unwrap_or(&""), reasons::DEFINITION_IN_USE.name, words)
    };
    Ok(dependents.into_iter().map(violation).collect())
}
