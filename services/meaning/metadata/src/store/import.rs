//! Bringing an ontology in: all definitions in one transaction, all or nothing.

use super::{Change, Once, Row, Store, check, read::live, write::write};
use crate::model::{Action, Definition, Kind, Record};
use auth::Scope;
use db::{Conn, Failure};
use diesel::{Connection, OptionalExtension};
use error::{Error, Violation};

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

/// Ends the transaction of an import that must not be kept.
struct Discarded(Result<Vec<ResultLine>, Failure>);

impl From<diesel::result::Error> for Discarded {
    fn from(error: diesel::result::Error) -> Self {
        Self(Err(error.into()))
    }
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
        self.db
            .write(scope, move |c| {
                change.once(c, &once, |c| {
                    let kept = c.transaction(|c| match change.apply(c, &import) {
                        Ok(lines) if import.dry_run || refused(&lines) => Err(Discarded(Ok(lines))),
                        Ok(lines) => Ok(lines),
                        Err(failure) => Err(Discarded(Err(failure))),
                    });
                    match kept {
                        Ok(lines) => Ok(render(lines, true)?),
                        Err(Discarded(lines)) => Ok(render(lines?, false)?),
                    }
                })
            })
            .await
    }
}

fn refused(lines: &[ResultLine]) -> bool {
    lines
        .iter()
        .any(|line| matches!(line.outcome, Outcome::Refused(_)))
}

impl Change {
    /// Writes what is new or differs, then checks everything that was written.
    fn apply(&self, c: &mut Conn, import: &Import) -> Result<Vec<ResultLine>, Failure> {
        let mut lines = Vec::with_capacity(import.definitions.len());
        let mut written = Vec::new();
        for (index, (definition, line)) in import.definitions.iter().enumerate() {
            let (kind, code) = (definition.kind(), definition.code().to_owned());
            let old = live(c, self.tenant, kind, &code)
                .optional()?
                .map(Row::record)
                .transpose()?;
            let (outcome, before) = match old {
                None => {
                    write(
                        c,
                        self,
                        &self.created(definition.clone()),
                        Action::Imported,
                        None,
                    )?;
                    (Outcome::Created, None)
                }
                Some(old) if old.definition == *definition => {
                    lines.push(ResultLine {
                        kind,
                        code,
                        line: *line,
                        outcome: Outcome::Unchanged,
                    });
                    continue;
                }
                Some(old) => {
                    let record = Record {
                        version: old.version + 1,
                        updated: self.now,
                        definition: definition.clone(),
                        ..old
                    };
                    write(c, self, &record, Action::Imported, Some(&old.definition))?;
                    (Outcome::Updated, Some(old.definition))
                }
            };
            lines.push(ResultLine {
                kind,
                code,
                line: *line,
                outcome,
            });
            written.push((index, before));
        }
        let pairs: Vec<_> = written
            .iter()
            .map(|(index, before)| check::Written {
                before: before.as_ref(),
                after: &import.definitions[*index].0,
            })
            .collect();
        for ((index, _), found) in written.iter().zip(check::broken(c, self.tenant, &pairs)?) {
            if !found.is_empty() {
                lines[*index].outcome = Outcome::Refused(found);
            }
        }
        Ok(lines)
    }
}
