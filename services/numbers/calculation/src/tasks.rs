//! Durable work: metrics that are published by an operation, begun by hand or by a schedule.

use crate::{
    api::Api,
    convert,
    model::{calendar::Grain, publication::Published},
    store,
};
use auth::Scope;
use error::{Error, reason};
use jobs::{Job, Run, Stop, Undo};
use proto_numbers::tessera::calculation::v1;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use value::Id;

const REASON: &str = "publish metrics";
/// The permission that publishing takes, as of the method that does it at once.
const PERMISSION: &str = "calculation.publications.write";
/// What undoes a publication.
const TAKE_BACK: &str = "take back";

/// Publishes a metric.
pub(crate) struct PublishMetric {
    pub(crate) api: Api,
}

/// What to publish: a metric over a span, or over the latest full periods before the operation runs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// Code of the metric.
    metric: String,
    /// Begin and end of the span, as in a question.
    #[serde(default)]
    start: String,
    #[serde(default)]
    end: String,
    /// Or so many of the latest full periods.
    #[serde(default)]
    last_periods: i32,
    /// `hour`, `day`, `week`, `month`, `quarter` or `year`; empty is one period.
    #[serde(default)]
    grain: String,
    /// As in a question.
    #[serde(default)]
    time_zone: String,
    #[serde(default)]
    fiscal_year_start: i32,
    #[serde(default)]
    dimensions: Vec<String>,
    #[serde(default, rename = "where")]
    condition: String,
}

/// What was published; not its values, which are for those who see all rows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Id of the publication.
    publication: Id,
    /// How many rows it has.
    rows: i32,
}

impl Job for PublishMetric {
    const KIND: &'static str = "calculation.publish";
    const TITLE: &'static str = "Publishes a metric";
    const OPEN: bool = true;
    const UNDOES: &'static [&'static str] = &[TAKE_BACK];
    type Input = Order;
    type State = ();
    type Output = Outcome;

    async fn run(&self, run: &mut Run, order: Order, (): ()) -> Result<Outcome, Stop> {
        if !run.allows(PERMISSION) {
            let what = format!("the permission {PERMISSION} is needed");
            let refused = Error::new(&reason::PERMISSION_DENIED, what);
            return Err(refused.with_metadata("permission", PERMISSION).into());
        }
        let scope = Scope::system(run.tenant(), REASON);
        let origin = (run.id(), run.record().origin().actor);
        let words = format!("{} is published", order.metric);
        let made: Arc<Mutex<Option<Published>>> = Arc::default();
        let (keep, held) = (Arc::clone(&made), scope.clone());
        let step = run
            .step(format!("publishes {}", order.metric))
            .undo(TAKE_BACK, &order.metric)
            .reaches(1, 1, words);
        let outcome = step
            .call_then(
                |_| self.calculate(&scope, &order, origin.clone(), &made),
                // In the transaction that records the step.
                move |c, _| {
                    let made = keep.lock().unwrap_or_else(PoisonError::into_inner);
                    match &*made {
                        Some(published) => store::keep(c, &held, published),
                        None => Err(Error::internal("what is kept was calculated").into()),
                    }
                },
            )
            .await?;
        let made = made.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(published) = made {
            self.api.remember(&scope, published).await;
        }
        Ok(outcome)
    }

    async fn undo(&self, undo: &mut Undo) -> Result<(), Stop> {
        let Some(outcome) = undo.output::<Outcome>()? else {
            return Ok(());
        };
        let scope = Scope::system(undo.tenant(), REASON);
        let now = self.api.clock.now();
        undo.local(move |c| store::take_back_if_there(c, &scope, outcome.publication, now))
            .await
    }
}

impl PublishMetric {
    /// Calculates what is to be published, into `made`.
    async fn calculate(
        &self,
        scope: &Scope,
        order: &Order,
        operation: (Id, String),
        made: &Mutex<Option<Published>>,
    ) -> Result<Outcome, Error> {
        let grain = match order.grain.as_str() {
            "" => None,
            name => Some(Grain::named(name).ok_or_else(|| {
                let known = Grain::ALL.map(Grain::name).join(", ");
                let words = format!("`{}` is none of {known}", name.escape_debug());
                Error::invalid_field("grain", "UNKNOWN_GRAIN", words)
            })?),
        };
        let question = v1::CalculateRequest {
            metric: order.metric.clone(),
            start: order.start.clone(),
            end: order.end.clone(),
            grain: convert::questions::wire_grain(grain).into(),
            time_zone: order.time_zone.clone(),
            fiscal_year_start: order.fiscal_year_start,
            dimensions: order.dimensions.clone(),
            r#where: order.condition.clone(),
            ..Default::default()
        };
        let now = self.api.clock.now();
        let question = convert::publication::question(question, order.last_periods, now, "")?;
        let published = self.api.result(scope, question, Some(operation)).await?;
        let outcome = Outcome {
            publication: published.publication.id,
            rows: published.publication.rows,
        };
        *made.lock().unwrap_or_else(PoisonError::into_inner) = Some(published);
        Ok(outcome)
    }
}
