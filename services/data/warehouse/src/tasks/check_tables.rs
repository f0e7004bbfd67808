//! Durable work that people start: comparing all tables of a tenant with the database, table by table.

use super::permitted;
use crate::{
    config::Config,
    model::table::TableState,
    store::{
        Tables,
        drift::Check,
        tables::{ListQuery, TableOrder},
    },
};
use auth::Scope;
use error::Error;
use jobs::{Job, Run, Stop};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Looks at every table; each is a step, so that a restart goes on with the next one.
pub(crate) struct CheckTables {
    pub(crate) tables: Tables,
    pub(crate) config: Arc<Config>,
}

/// Which tables.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Which {
    /// Codes of entities; none is all.
    entities: Vec<String>,
    /// Whether to put right what can be without a loss.
    repair: bool,
}

/// What was found in one table.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    drifts: Vec<String>,
}

/// What was found in all.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Findings {
    /// How many tables were looked at.
    checked: usize,
    /// How many things were not as they should be.
    drifts: usize,
}

impl Job for CheckTables {
    const KIND: &'static str = "warehouse.check-tables";
    const TITLE: &'static str = "Compares tables with their definitions and with the database";
    const LIMIT_PER_TENANT: i32 = 1;
    const OPEN: bool = true;
    type Input = Option<Which>;
    type State = ();
    type Output = Findings;

    async fn run(&self, run: &mut Run, which: Option<Which>, (): ()) -> Result<Findings, Stop> {
        let which = which.unwrap_or_default();
        permitted(run)?;
        let scope = Scope::system(run.tenant(), "check tables");
        let entities: Vec<String> = match which.entities.is_empty() {
            false => which.entities,
            true => {
                let list = run.step("lists the tables").pure();
                list.call(|_| self.all(scope.clone())).await?
            }
        };
        let check = Check {
            repair: which.repair,
            accept_loss: false,
            count: self.config.count_rows.into(),
        };
        let (total, mut findings) = (entities.len(), Findings::default());
        for entity in entities {
            let done = i64::try_from(findings.checked).unwrap_or(i64::MAX);
            let all = i64::try_from(total).unwrap_or(i64::MAX);
            run.progress(done, all, format!("looks at {entity}"))
                .await?;
            let step = run.step(format!("checks {entity}")).reaches(
                done + 1,
                all,
                format!("looked at {entity}"),
            );
            let step = if check.repair { step } else { step.pure() };
            let found: Found = step
                .call(|_| self.one(scope.clone(), entity.clone(), check))
                .await?;
            findings.checked += 1;
            findings.drifts += found.drifts.len();
        }
        Ok(findings)
    }
}

impl CheckTables {
    async fn all(&self, scope: Scope) -> Result<Vec<String>, Error> {
        let (mut entities, mut token) = (Vec::new(), String::new());
        loop {
            let query = ListQuery {
                state: None,
                entity_prefix: String::new(),
                order: TableOrder::Entity,
                descending: false,
                size: 500,
                token,
            };
            let page = self.tables.list(&scope, query).await?;
            let live = page.items.into_iter();
            let live = live.filter(|shape| shape.state != TableState::Orphaned);
            entities.extend(live.map(|shape| shape.entity));
            if page.next.is_empty() {
                return Ok(entities);
            }
            token = page.next;
        }
    }

    async fn one(&self, scope: Scope, entity: String, check: Check) -> Result<Found, Error> {
        let (drifts, _) = self.tables.check(&scope, &[entity], check).await?;
        let told = drifts.into_iter();
        let told = told.map(|drift| format!("{}: {}", drift.state.name(), drift.description));
        Ok(Found {
            drifts: told.collect(),
        })
    }
}
