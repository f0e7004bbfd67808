//! What is true in the world of a run: made again from its seed, kept while it is asked for.

use super::{Api, access, ontology};
use crate::{
    convert,
    model::{run::Run, truth::Truth},
};
use auth::Scope;
use db::{Page, page::Shape};
use error::Error;
use proto_numbers::tessera::simulation::v1;
use std::sync::Arc;
use value::Id;

/// Truths by run; a run never changes them.
pub(crate) type Cache = moka::future::Cache<Id, Arc<Vec<Truth>>>;

/// A cache of at most half a million truths.
pub(crate) fn cache() -> Cache {
    let weigh = |_: &Id, truths: &Arc<Vec<Truth>>| u32::try_from(truths.len()).unwrap_or(u32::MAX);
    moka::future::Cache::builder()
        .weigher(weigh)
        .max_capacity(500_000)
        .build()
}

impl Api {
    /// A page of the truths of a run.
    pub(super) async fn list_truths_of(
        &self,
        scope: &Scope,
        id: Id,
        metric: &str,
        (size, token): (usize, &str),
    ) -> Result<Page<v1::Truth>, Error> {
        let shape = Shape::of("truths", &(id, metric));
        let first: usize = shape.key(token)?.unwrap_or(0);
        let run = self.store.run(scope, id).await?;
        let reads = match metric {
            "" => run
                .task
                .targets
                .iter()
                .map(|target| target.entity.clone())
                .collect(),
            metric => ontology(&run)?.entities_of(metric),
        };
        access::unfiltered(scope, reads.iter().map(String::as_str))?;
        let truths = self.truths_of(run).await?;
        let wanted = truths
            .iter()
            .filter(|truth| metric.is_empty() || truth.metric == metric);
        let some: Vec<&Truth> = wanted.skip(first).take(size + 1).collect();
        let page = Page::cut(some, size, shape, |_| first + size);
        Ok(page.map(convert::run::truth))
    }

    async fn truths_of(&self, run: Run) -> Result<Arc<Vec<Truth>>, Error> {
        let id = run.id;
        if let Some(known) = self.truths.get(&id).await {
            return Ok(known);
        }
        let made = tokio::task::spawn_blocking(move || truths(&run)).await;
        let made = Arc::new(made.map_err(Error::internal)??);
        self.truths.insert(id, made.clone()).await;
        Ok(made)
    }
}

/// The truths that a run can tell, by metric, period and group.
fn truths(run: &Run) -> Result<Vec<Truth>, Error> {
    let ontology = ontology(run)?;
    let mut truths = run.task.world()?.truths();
    // Few pairs of metric and attribute, many truths.
    let mut known = std::collections::BTreeMap::new();
    truths.retain(|truth| {
        let attribute = truth.dimensions.first().map(|(attribute, _)| *attribute);
        *known
            .entry((truth.metric, attribute))
            .or_insert_with(|| run.task.tells(&ontology, truth.metric, &truth.dimensions))
    });
    truths.sort_by_cached_key(Truth::order);
    Ok(truths)
}
