//! The ontology as a whole.

use super::{Answer, Api, answer, resource::hash};
use crate::{
    convert::{self, ontology},
    model::{Definition, Record, ontology as yaml, uml},
    store::{Import, Once, ReferenceRow},
};
use auth::Scope;
use db::Page;
use error::Error;
use prost::Message;
use proto_meaning::tessera::metadata::v1;

impl Api {
    pub(super) async fn definitions(
        &self,
        scope: &Scope,
        ask: v1::ListDefinitionsRequest,
    ) -> Answer<v1::ListDefinitionsResponse> {
        let filter = convert::filter(ontology::kinds(&ask.kinds), ask.filter)?;
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
        let page = self
            .page_of_references(scope, &ask.id, true, ask.page_size, &ask.page_token)
            .await?;
        let references = page
            .items
            .into_iter()
            .map(ontology::wire_reference)
            .collect();
        answer(v1::ListDependentsResponse {
            references,
            next_page_token: page.next,
        })
    }

    pub(super) async fn references(
        &self,
        scope: &Scope,
        ask: v1::ListReferencesRequest,
    ) -> Answer<v1::ListReferencesResponse> {
        let page = self
            .page_of_references(scope, &ask.id, false, ask.page_size, &ask.page_token)
            .await?;
        let references = page
            .items
            .into_iter()
            .map(ontology::wire_reference)
            .collect();
        answer(v1::ListReferencesResponse {
            references,
            next_page_token: page.next,
        })
    }

    async fn page_of_references(
        &self,
        scope: &Scope,
        id: &str,
        incoming: bool,
        size: i32,
        token: &str,
    ) -> Result<Page<ReferenceRow>, Error> {
        let id = convert::id("id", id)?;
        self.store
            .references(scope, id, incoming, self.page_size(size), token)
            .await
    }

    pub(super) async fn check(&self, scope: &Scope) -> Answer<v1::CheckConsistencyResponse> {
        let (findings, checked) = self.store.findings(scope).await?;
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
        let records = self
            .store
            .all_definitions(scope, &ontology::kinds(&ask.kinds))
            .await?;
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
        let items = yaml::parse(&ask.yaml)?;
        let most = self.config.import_definitions;
        if items.len() > most {
            let words = format!(
                "an ontology brings in at most {most} definitions, not {}",
                items.len()
            );
            return Err(Error::invalid_field("yaml", "TOO_MANY", words).into());
        }
        let (definitions, bad) = ontology::items(items);
        if !bad.is_empty() && !ask.dry_run {
            return Err(ontology::refused(&bad).into());
        }
        let render = if ask.dry_run {
            ontology::previewed
        } else {
            ontology::applied
        };
        let import = Import {
            definitions,
            dry_run: ask.dry_run,
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
        let records: Vec<Record> = self.store.all_definitions(scope, &[]).await?;
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

fn shown(definition: &Definition, value_chain: &str, module: &str) -> bool {
    if value_chain.is_empty() {
        return true;
    }
    let own = definition.header.module.as_ref();
    own.is_some_and(|own| {
        own.value_chain == value_chain && (module.is_empty() || own.module == module)
    })
}
