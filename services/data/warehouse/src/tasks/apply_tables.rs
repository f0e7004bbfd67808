//! Durable work that people start: the migration of a tenant's tables to their definitions, table by table.

use super::permitted;
use crate::{model::table::TableState, store::Tables};
use auth::Scope;
use error::Error;
use jobs::{Job, Run, Stop, Undo};
use serde::{Deserialize, Serialize};

/// The compensation by name: the tables stay.
const KEPT: &str = "kept";

/// Brings tables in line with their definitions; each is a step, so that a restart goes on with the next one.
pub(crate) struct ApplyTables {
    pub(crate) tables: Tables,
}

/// Which tables.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Which {
    /// Codes of entities; none is all that are defined.
    entities: Vec<String>,
}

/// What was done to one table.
#[derive(Debug, Serialize, Deserialize)]
struct Applied {
    /// The statements, in order; none where nothing was to be done.
    statements: Vec<String>,
    /// Why its rows cannot follow; the table is as it was then.
    problems: Vec<String>,
}

/// What was done to all.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// How many tables were looked at.
    tables: usize,
    /// How many of them were made or changed.
    changed: usize,
    /// What could not follow, and why: `<entity>: <problem>`.
    problems: Vec<String>,
}

impl Job for ApplyTables {
    const KIND: &'static str = "warehouse.apply-tables";
    const TITLE: &'static str = "Makes and changes tables as their definitions say";
    const LIMIT_PER_TENANT: i32 = 1;
    const OPEN: bool = true;
    const UNDOES: &'static [&'static str] = &[KEPT];
    type Input = Option<Which>;
    type State = ();
    type Output = Outcome;

    async fn run(&self, run: &mut Run, which: Option<Which>, (): ()) -> Result<Outcome, Stop> {
        permitted(run)?;
        let scope = Scope::system(run.tenant(), "bring tables in line");
        let entities = match which.unwrap_or_default().entities {
            some if !some.is_empty() => some,
            _ => {
                let list = run.step("lists the definitions").pure();
                list.call(|_| self.all(&scope)).await?
            }
        };
        let total = i64::try_from(entities.len()).unwrap_or(i64::MAX);
        let mut outcome = Outcome::default();
        for (done, entity) in (1..).zip(entities) {
            let step = run
                .step(format!("brings {entity} in line"))
                .undo(KEPT, &entity)
                .reaches(done, total, format!("{entity} is in line"));
            let applied: Applied = step.call(|_| self.one(&scope, &entity)).await?;
            outcome.tables += 1;
            let changed = !applied.statements.is_empty() && applied.problems.is_empty();
            outcome.changed += usize::from(changed);
            let told = applied.problems.into_iter();
            outcome
                .problems
                .extend(told.map(|problem| format!("{entity}: {problem}")));
        }
        Ok(outcome)
    }

    async fn undo(&self, undo: &mut Undo) -> Result<(), Stop> {
        let applied: Option<Applied> = undo.output()?;
        if applied.is_none_or(|applied| applied.statements.is_empty()) {
            return Ok(());
        }
        let entity: String = undo.input()?;
        undo.stays(format!(
            "the table of `{entity}` follows its definition: restore an earlier version of that instead"
        ))
        .await
    }
}

impl ApplyTables {
    async fn all(&self, scope: &Scope) -> Result<Vec<String>, Error> {
        let metadata = self.tables.metadata();
        let resolved = metadata.resolve_all(scope.tenant()).await?;
        let definitions = resolved.definitions.into_iter();
        let mut codes: Vec<_> = definitions.map(|definition| definition.code).collect();
        codes.sort_unstable();
        Ok(codes)
    }

    async fn one(&self, scope: &Scope, entity: &str) -> Result<Applied, Error> {
        let plan = self.tables.plan(scope, entity).await?;
        let shape = self.tables.apply(scope, entity).await?;
        let stuck = shape.state == TableState::Incompatible;
        Ok(Applied {
            problems: if stuck { plan.problems() } else { Vec::new() },
            statements: plan.script,
        })
    }
}
