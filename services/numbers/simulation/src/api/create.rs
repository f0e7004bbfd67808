//! Starting a run: what it needs is defined, its size is known, and nobody else is in its way.

use super::{
    Api,
    access::{self, DEFINE, WRITE_RECORDS},
};
use crate::{
    convert::{self, run::Draft},
    model::{
        fit::{Fit, fit},
        ontology::{Need, excerpt},
        run::{Run, Target, Task},
        scenario::TooMany,
    },
    reasons::{SCENARIO_CONFLICT, SCENARIO_UNDEFINED},
};
use auth::Scope;
use db::idempotency::Once;
use error::{Error, Violation};
use formula::calendar;
use proto_meaning::tessera::metadata::v1::{DefinitionKind, ImportOutcome, ImportResult};
use proto_numbers::tessera::simulation::v1::CreateRunRequest;
use value::Id;

impl Api {
    /// Starts a run.
    pub(super) async fn create(&self, scope: &Scope, ask: CreateRunRequest) -> Result<Run, Error> {
        access::may(scope, WRITE_RECORDS)?;
        if ask.define {
            DEFINE
                .into_iter()
                .try_for_each(|permission| access::may(scope, permission))?;
        }
        let body_hash = convert::hash(&CreateRunRequest {
            request_id: String::new(),
            ..ask.clone()
        });
        let once = Once {
            rpc: "CreateRun",
            request_id: ask.request_id,
            body_hash,
        };
        let today = calendar::day_of(self.clock.now().micros());
        let draft = convert::run::draft(ask.run.unwrap_or_default(), today)?;
        let need = draft.ontology.needed(&draft.metrics);
        access::unfiltered(scope, need.entities.iter().map(String::as_str))?;
        let (draft, rows) = self.measure(draft, &need).await?;
        let targets = self.targets(&draft, &need, ask.define).await?;
        let task = Task {
            scenario: draft.scenario.code.to_owned(),
            seed: draft.seed.unwrap_or_else(chosen),
            parameters: draft.choices.texts().clone(),
            span: draft.span,
            metrics: draft.metrics,
            targets,
            batch_rows: self.config.batch_rows,
            rows_total: rows,
        };
        self.store
            .create(scope, once, task, draft.ontology, ask.allow_overlap)
            .await
    }

    /// How many rows there will be, with the seed that makes so many.
    async fn measure(&self, mut draft: Draft, need: &Need) -> Result<(Draft, u64), Error> {
        let entities = need.entities.clone();
        let most_rows = self.config.run_rows;
        let seed = *draft.seed.get_or_insert_with(chosen);
        let made = tokio::task::spawn_blocking(move || {
            let choices = draft.choices.clone();
            let order = crate::model::scenario::Order {
                seed,
                span: draft.span,
                choices,
                most_rows,
            };
            let world = draft.scenario.world(&order);
            let rows = world.map(|world| entities.iter().map(|entity| world.count(entity)).sum());
            (draft, rows)
        });
        let (draft, rows) = made.await.map_err(Error::internal)?;
        let rows = rows.map_err(|TooMany(_)| {
            let what = format!(
                "would make more than {most_rows} rows: choose smaller numbers or fewer days"
            );
            Error::invalid_field("run.parameters", "TOO_MANY_ROWS", what)
        })?;
        Ok((draft, rows))
    }

    /// Sees to it that what is needed is defined, and as the scenario needs it; what is written of each entity.
    async fn targets(
        &self,
        draft: &Draft,
        need: &Need,
        define: bool,
    ) -> Result<Vec<Target>, Error> {
        let theirs = self.metadata.resolve(&need.entities, &need.metrics).await?;
        let found = fit(&draft.ontology, need, &theirs);
        if !found.differences.is_empty() {
            return Err(conflict(found.differences));
        }
        if define {
            self.define(draft, &found).await?;
        } else if !found.missing_entities.is_empty() || !found.missing_metrics.is_empty() {
            return Err(undefined(&found));
        }
        let entities = draft
            .ontology
            .entities
            .iter()
            .filter(|entity| need.entities.contains(&entity.code));
        let target = |entity: &str| Target {
            entity: entity.to_owned(),
            attributes: found.attributes.get(entity).cloned().unwrap_or_default(),
        };
        Ok(entities.map(|entity| target(&entity.code)).collect())
    }

    /// Imports what is missing, and nothing that is there.
    async fn define(&self, draft: &Draft, found: &Fit) -> Result<(), Error> {
        let missing = |section: &str, code: &str| {
            let codes = match section {
                "entities" => &found.missing_entities,
                "relationships" => &found.missing_relationships,
                "metrics" => &found.missing_metrics,
                _ => return false,
            };
            codes.iter().any(|missing| missing == code)
        };
        let has = |entity: &str, attribute: &str| {
            let written = found.attributes.get(entity);
            written.is_some_and(|codes| codes.iter().any(|code| code == attribute))
        };
        let Some(yaml) = excerpt(draft.scenario.ontology, missing, has) else {
            return Ok(());
        };
        // An import would also change what is there under a code that was taken meanwhile, or by what was not looked at.
        let would = self.metadata.import(yaml.clone(), true).await?;
        let differ: Vec<String> = would.iter().filter_map(taken).collect();
        if !differ.is_empty() {
            return Err(conflict(differ));
        }
        self.metadata.import(yaml, false).await.map(drop)
    }
}

/// A seed that nobody asked for: below 2^53, so that it is a number in every language.
fn chosen() -> u64 {
    let id = Id::new();
    let random = id.as_bytes().last_chunk().copied().unwrap_or_default();
    (u64::from_be_bytes(random) >> 11).max(1)
}

/// Why a definition cannot be brought in.
fn taken(result: &ImportResult) -> Option<String> {
    let kind = match result.kind() {
        DefinitionKind::Entity => "entity",
        DefinitionKind::Relationship => "relationship",
        _ => "metric",
    };
    let name = format!("{kind} {}", result.code);
    match result.outcome() {
        ImportOutcome::Created | ImportOutcome::Unchanged | ImportOutcome::Unspecified => None,
        ImportOutcome::Updated => Some(format!("{name}: is there, and differs")),
        ImportOutcome::Refused => {
            let found = result
                .findings
                .iter()
                .map(|finding| format!("{} {}", finding.field, finding.description));
            Some(format!("{name}: {}", found.collect::<Vec<_>>().join("; ")))
        }
    }
}

fn conflict(differences: Vec<String>) -> Error {
    let words = match differences.as_slice() {
        [only] => format!("what is defined is not what the scenario needs: {only}"),
        many => format!("{} definitions are not what the scenario needs", many.len()),
    };
    let error = Error::new(&SCENARIO_CONFLICT, words);
    differences.into_iter().fold(error, |error, difference| {
        let (definition, what) = difference
            .split_once(": ")
            .unwrap_or((&difference, "differs"));
        error.with_violation(Violation::new(
            definition.replace(' ', "."),
            "DIFFERS",
            what,
        ))
    })
}

fn undefined(found: &Fit) -> Error {
    let list = |kind: &str, codes: &[String]| match codes {
        [] => None,
        codes => Some(format!("{kind} {}", codes.join(", "))),
    };
    let parts = [
        list("entities", &found.missing_entities),
        list("metrics", &found.missing_metrics),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let words = format!("not defined: {}", parts.join("; "));
    Error::new(&SCENARIO_UNDEFINED, words)
        .with_metadata("entities", found.missing_entities.join(","))
        .with_metadata("metrics", found.missing_metrics.join(","))
}
