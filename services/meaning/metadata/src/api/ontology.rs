//! The ontology as a whole.

use super::{
    Answer, Api,
    access::{all_readable, readable, writable},
    answer,
    resource::hash,
};
use crate::{
    convert::{self, ontology},
    model::{Definition, Kind, Record, ontology as yaml, uml},
    store::{Ends, Import, ResultLine},
};
use auth::Scope;
use db::Page;
use db::idempotency::Once;
use error::Error;
use prost::Message;
use proto_meaning::tessera::metadata::v1;
use std::collections::BTreeSet;

impl Api {
    pub(super) async fn definitions(
        &self,
        scope: &Scope,
        ask: v1::ListDefinitionsRequest,
    ) -> Answer<v1::ListDefinitionsResponse> {
        let kinds = readable(scope, ontology::kinds(&ask.kinds))?;
        if kinds.is_empty() {
            // No kinds in a filter would be all of them.
            return answer(v1::ListDefinitionsResponse::default());
        }
        let filter = convert::filter(kinds, ask.filter)?;
        let page = self
            .store
            .list(
                scope,
                self.query(filter, &ask.order_by, ask.page_size, ask.page_token),
            )
            .await?;
        let page = page.map(convert::definition);
        answer(v1::ListDefinitionsResponse {
            definitions: page.items,
            next_page_token: page.next,
        })
    }

    pub(super) async fn dependents(
        &self,
        scope: &Scope,
        ask: v1::ListDependentsRequest,
    ) -> Answer<v1::ListDependentsResponse> {
        let ends = Ends::Incoming { part: ask.part };
        let page = self
            .page_of_references(scope, &ask.id, ends, ask.page_size, &ask.page_token)
            .await?;
        answer(v1::ListDependentsResponse {
            references: page.items,
            next_page_token: page.next,
        })
    }

    pub(super) async fn references(
        &self,
        scope: &Scope,
        ask: v1::ListReferencesRequest,
    ) -> Answer<v1::ListReferencesResponse> {
        let page = self
            .page_of_references(scope, &ask.id, Ends::Own, ask.page_size, &ask.page_token)
            .await?;
        answer(v1::ListReferencesResponse {
            references: page.items,
            next_page_token: page.next,
        })
    }

    async fn page_of_references(
        &self,
        scope: &Scope,
        id: &str,
        ends: Ends,
        size: i32,
        token: &str,
    ) -> Result<Page<v1::Reference>, Error> {
        let id = self.to_read(scope, id).await?;
        let (kinds, size) = (all_readable(scope), self.page_size(size));
        let page = self
            .store
            .references(scope, id, ends, kinds, size, token)
            .await?;
        Ok(page.map(ontology::wire_reference))
    }

    pub(super) async fn check(&self, scope: &Scope) -> Answer<v1::CheckConsistencyResponse> {
        let (findings, checked) = self.store.findings(scope, all_readable(scope)).await?;
        let findings = findings.into_iter().map(ontology::finding).collect();
        answer(v1::CheckConsistencyResponse {
            findings,
            checked: i64::try_from(checked).unwrap_or(i64::MAX),
        })
    }

    pub(super) async fn export(
        &self,
        scope: &Scope,
        ask: v1::ExportOntologyRequest,
    ) -> Answer<v1::ExportOntologyResponse> {
        let kinds = readable(scope, ontology::kinds(&ask.kinds))?;
        let records = self.store.all_definitions(scope, kinds).await?;
        let definitions: Vec<_> = records
            .into_iter()
            .map(|record| record.definition)
            .collect();
        let count = i64::try_from(definitions.len()).unwrap_or(i64::MAX);
        answer(v1::ExportOntologyResponse {
            yaml: yaml::write(definitions),
            definitions: count,
        })
    }

    pub(super) async fn import(
        &self,
        scope: &Scope,
        ask: v1::ImportOntologyRequest,
    ) -> Answer<v1::ImportOntologyResponse> {
        let once = Once {
            rpc: "ImportOntology",
            body_hash: hash(&v1::ImportOntologyRequest {
                request_id: String::new(),
                ..ask.clone()
            }),
            // A dry run is asked as often as one likes, each time of what there is then.
            request_id: if ask.dry_run {
                String::new()
            } else {
                ask.request_id
            },
        };
        let most = self.config.import_definitions;
        let (dry_run, text) = (ask.dry_run, ask.yaml);
        // A large text takes a while, which no other call has to wait for.
        let read = tokio::task::spawn_blocking(move || read(&text, most, dry_run));
        let Text {
            kinds,
            definitions,
            bad,
            wrong,
        } = read.await.map_err(Error::internal)??;
        writable(scope, kinds)?;
        if !dry_run && !wrong.is_empty() {
            return Err(ontology::refused(&wrong).into());
        }
        let render = if dry_run {
            ontology::previewed
        } else {
            ontology::applied
        };
        let import = Import {
            definitions,
            dry_run,
        };
        let done = self.store.import(scope, once, import, render).await?;
        let mut done =
            v1::ImportOntologyResponse::decode(done.as_slice()).map_err(Error::internal)?;
        done.results.extend(ontology::imported(bad, false).results);
        done.results.sort_by_key(|result| result.line);
        answer(done)
    }

    pub(super) async fn uml(
        &self,
        scope: &Scope,
        ask: v1::GetUmlRequest,
    ) -> Answer<v1::GetUmlResponse> {
        if !ask.module.is_empty() && ask.value_chain.is_empty() {
            let words = "a module is one of a value chain";
            return Err(Error::invalid_field("value_chain", "REQUIRED", words).into());
        }
        let records: Vec<Record> = self
            .store
            .all_definitions(scope, all_readable(scope))
            .await?;
        let graph = uml::graph(&records, |definition| {
            shown(definition, &ask.value_chain, &ask.module)
        });
        let plantuml = if ask.format == "json" {
            String::new()
        } else {
            uml::plantuml(&graph)
        };
        let graph = (ask.format != "plantuml").then(|| ontology::graph(graph));
        answer(v1::GetUmlResponse { plantuml, graph })
    }
}

/// A text that was read: what it brings in, and what it shows to be wrong without a look at the rows.
struct Text {
    kinds: BTreeSet<Kind>,
    definitions: Vec<(Definition, u32)>,
    /// Definitions that break the contract.
    bad: Vec<ResultLine>,
    /// Those, and the circles that the text closes by itself; empty for a dry run, which tells both with the rest.
    wrong: Vec<ResultLine>,
}

fn read(text: &str, most: usize, dry_run: bool) -> Result<Text, Error> {
    let items = yaml::parse(text)?;
    if items.len() > most {
        let words = format!(
            "an ontology brings in at most {most} definitions, not {}",
            items.len()
        );
        return Err(Error::invalid_field("yaml", "TOO_MANY", words));
    }
    let kinds = items.iter().map(|item| item.kind).collect();
    let (definitions, bad) = ontology::items(items);
    let mut wrong = Vec::new();
    if !dry_run {
        wrong = ontology::circles(&definitions);
        wrong.extend(bad.iter().cloned());
        wrong.sort_by_key(|line| line.line);
    }
    Ok(Text {
        kinds,
        definitions,
        bad,
        wrong,
    })
}

fn shown(definition: &Definition, value_chain: &str, module: &str) -> bool {
    if value_chain.is_empty() {
        return true;
    }
    let own = definition.header.module.as_ref();
    own.is_some_and(|own| {
        own.value_chain == value_chain && (module.is_empty() || own.module == module)
    })
}
