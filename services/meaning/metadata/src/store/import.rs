//! Bringing an ontology in: all definitions in one transaction, all or nothing.

use super::{
    CHUNK, Change, Store, check,
    read::lives,
    write::{Changed, write_all},
};
use crate::model::{Action, Definition, Kind, Record};
use auth::Scope;
use db::idempotency::Once;
use db::{Conn, Failure};
use error::{Error, Violation};
use std::collections::{BTreeMap, HashMap};

/// Definitions to bring in, each with the line it starts on.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) definitions: Vec<(Definition, u32)>,
    /// Whether to store nothing and only say what would happen.
    pub(crate) dry_run: bool,
}

/// What happened to one definition, or would.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResultLine {
    pub(crate) kind: Kind,
    pub(crate) code: String,
    pub(crate) line: u32,
    pub(crate) outcome: Outcome,
}

/// What happened to a definition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Created,
    Updated,
    Unchanged,
    Refused(Vec<Violation>),
}

/// What an import comes to: a line for each definition, and what is to be written.
struct Plan {
    lines: Vec<ResultLine>,
    changes: Vec<Changed>,
}

impl Store {
    /// Brings definitions in. Where one is refused nothing is stored, and `render` decides what the answer is.
    pub(crate) async fn import(
        &self,
        scope: &Scope,
        once: Once,
        import: Import,
        render: fn(Vec<ResultLine>, bool) -> Result<Vec<u8>, Error>,
    ) -> Result<Vec<u8>, Error> {
        let change = self.change(scope);
        if import.dry_run {
            // Whoever only asks keeps nobody from writing.
            return self
                .db
                .read(scope, move |c| {
                    Ok(render(change.plan(c, &import)?.lines, false)?)
                })
                .await;
        }
        self.db
            .write(scope, move |c| {
                change.once(c, &once, |c| {
                    let Plan { lines, changes } = change.plan(c, &import)?;
                    let refused = lines
                        .iter()
                        .any(|line| matches!(line.outcome, Outcome::Refused(_)));
                    if !refused {
                        write_all(c, &change, Action::Imported, &changes)?;
                    }
                    Ok(render(lines, !refused)?)
                })
            })
            .await
    }
}

impl Change {
    /// Finds what is new or differs, and checks it as if it were written.
    fn plan(&self, c: &mut Conn, import: &Import) -> Result<Plan, Failure> {
        let mut known = self.known(c, import)?;
        let mut lines = Vec::with_capacity(import.definitions.len());
        let (mut changes, mut places) = (Vec::new(), Vec::new());
        for (index, (definition, line)) in import.definitions.iter().enumerate() {
            let (kind, code) = (definition.kind(), definition.code().to_owned());
            let outcome = match known.remove(&(kind, code.clone())) {
                None => {
                    changes.push(Changed {
                        record: self.created(definition.clone()),
                        before: None,
                    });
                    Outcome::Created
                }
                Some(old) if old.definition == *definition => Outcome::Unchanged,
                Some(old) => {
                    let record = Record {
                        version: old.version + 1,
                        updated: self.now,
                        definition: definition.clone(),
                        ..old
                    };
                    let before = Some(old.definition);
                    changes.push(Changed { record, before });
                    Outcome::Updated
                }
            };
            if outcome != Outcome::Unchanged {
                places.push(index);
            }
            let line = *line;
            lines.push(ResultLine {
                kind,
                code,
                line,
                outcome,
            });
        }
        let written: Vec<_> = changes
            .iter()
            .map(|change| check::Written {
                before: change.before.as_ref(),
                after: &change.record.definition,
            })
            .collect();
        let broken = check::broken(c, self.tenant, &written)?;
        for (index, found) in places.into_iter().zip(broken) {
            if !found.is_empty() {
                lines[index].outcome = Outcome::Refused(found);
            }
        }
        Ok(Plan { lines, changes })
    }

    /// What there is of the definitions that are brought in.
    fn known(
        &self,
        c: &mut Conn,
        import: &Import,
    ) -> Result<HashMap<(Kind, String), Record>, Failure> {
        let mut codes: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
        for (definition, _) in &import.definitions {
            codes
                .entry(definition.kind())
                .or_default()
                .push(definition.code().to_owned());
        }
        let mut known = HashMap::new();
        for (kind, codes) in codes {
            for codes in codes.chunks(CHUNK) {
                for row in lives(c, self.tenant, kind, codes.to_vec())? {
                    let record = row.record()?;
                    known.insert((kind, record.definition.code().to_owned()), record);
                }
            }
        }
        Ok(known)
    }
}
