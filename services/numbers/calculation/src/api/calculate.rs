//! Values of metrics: plan, see that the question fits, ask the owner of the rows, merge, and tell.

use super::{Api, errors};
use crate::{
    calls::{Calls, behind, definitions::Library, flights::Key, ontology_changed},
    config::Limits,
    convert::{
        self,
        explanation::{Source, Story},
    },
    model::{
        answer::{After, Sorter},
        calendar::Bound,
        definitions::Planned,
        question::{Question, Subject},
        reading::{self, Reading},
        rows::{Merge, Row, Unmerged},
    },
    reasons,
};
use auth::{RowFilters, Scope};
use db::page::Shape;
use error::{Error, Kind};
use futures::{StreamExt as _, stream};
use prost::Message as _;
use proto_data::tessera::warehouse::v1 as warehouse;
use proto_numbers::tessera::calculation::v1::{self, calculate_batch_result::Result as Outcome};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};
use tonic::Status;
use value::Time;

/// What one needs to see single rows; metrics alone are read with less.
const READ_ROWS: &str = "warehouse.records.read";
/// How often a question is planned while definitions change under it, and how long a pause grows by.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(10);
/// How often it is asked again while a table is brought in line with a definition: rows may have to be copied for that.
const WAITS: u32 = 4;
/// The longest page token that the contract takes.
const MOST_TOKEN: usize = 2_000;

/// All rows of an answer, and where they are from.
pub(super) struct Answered {
    rows: Vec<Row>,
    sources: Vec<Source>,
    as_of: Time,
    execute: Duration,
    merge: Duration,
}

/// A question with its plan.
struct Prepared {
    planned: Arc<Planned>,
    plan_cached: bool,
    bounds: Vec<Bound>,
    readings: Vec<Reading>,
    limits: Limits,
    resolve: Duration,
    plan: Duration,
}

impl Api {
    /// Answers to many questions, some at once; equal ones have one answer.
    pub(super) async fn answer_all(
        &self,
        scope: &Scope,
        asks: Vec<v1::CalculateRequest>,
    ) -> Vec<v1::CalculateBatchResult> {
        let mut different: Vec<v1::CalculateRequest> = Vec::new();
        let place: Vec<usize> = asks
            .into_iter()
            .map(|ask| {
                let known = different.iter().position(|other| *other == ask);
                known.unwrap_or_else(|| {
                    different.push(ask);
                    different.len() - 1
                })
            })
            .collect();
        let work = different.into_iter().map(|ask| self.outcome(scope, ask));
        let results: Vec<_> = stream::iter(work)
            .buffered(self.config.batch_concurrency)
            .collect()
            .await;
        let result = |at: usize| results.get(at).cloned();
        place
            .into_iter()
            .map(|at| v1::CalculateBatchResult { result: result(at) })
            .collect()
    }

    /// One result among many.
    async fn outcome(&self, scope: &Scope, ask: v1::CalculateRequest) -> Outcome {
        let result = match convert::questions::question(ask, self.config.page_size) {
            Ok(question) => self.answer(scope, &question).await,
            Err(refused) => Err(refused),
        };
        match result {
            Ok(response) => Outcome::Response(response),
            Err(error) => Outcome::Error(wire_status(&Status::from(error))),
        }
    }

    /// The answer to a question. Where definitions change under it, it is planned again.
    pub(super) async fn answer(
        &self,
        scope: &Scope,
        question: &Question,
    ) -> Result<v1::CalculateResponse, Error> {
        // A token of another question is refused before anything is run.
        after(question)?;
        let (mut attempt, mut waits) = (1, 0);
        loop {
            let prepared = self.prepare(scope, question).await?;
            match self.run(scope, question, &prepared).await {
                Ok(answered) => return render(question, &prepared, &answered),
                Err(error) if !ontology_changed(&error) => match behind(&error) {
                    Some(pause) if waits < WAITS => {
                        tokio::time::sleep(pause).await;
                        waits += 1;
                    }
                    _ => return Err(error),
                },
                // Several changes in a row, or an owner of rows that is about to follow one.
                Err(_) if attempt < ATTEMPTS => {
                    tokio::time::sleep(PAUSE * attempt).await;
                    attempt += 1;
                }
                Err(error) => {
                    let words = "definitions changed while the question was answered";
                    return Err(Error::new(&error::reason::CONFLICT, words).with_source(error));
                }
            }
        }
    }

    /// The plan of a question; nothing is run.
    pub(super) async fn plan_of(
        &self,
        scope: &Scope,
        question: &Question,
    ) -> Result<Arc<Planned>, Error> {
        Ok(self.prepare(scope, question).await?.planned)
    }

    /// Plans the question and looks whether it fits what the plan reads; nothing is run.
    async fn prepare(&self, scope: &Scope, question: &Question) -> Result<Prepared, Error> {
        let tenant = scope.tenant();
        let begin = Instant::now();
        let metric = match &question.subject {
            Subject::Metric(code) => Some(code.as_str()),
            Subject::Draft(_) => None,
        };
        let definitions = self.library.definitions(scope, metric).await?;
        let (resolve, begin) = (begin.elapsed(), Instant::now());
        let (planned, plan_cached) = match &question.subject {
            Subject::Metric(code) => self
                .library
                .plan(tenant, code, &definitions)
                .map_err(|unplanned| errors::metric(code, unplanned))?,
            Subject::Draft(draft) => {
                errors::surroundings(&definitions, draft)?;
                let planned = Library::plan_draft(draft, &definitions).map_err(errors::draft)?;
                (planned, false)
            }
        };
        if !scope.allows(READ_ROWS)
            && let Some(code) = planned.reads_rows_by(&question.selection.dimensions)
        {
            let words = format!("`{code}` tells single rows apart, which needs `{READ_ROWS}`");
            return Err(
                Error::new(&reasons::ROWS_NOT_ALLOWED, words).with_metadata("attribute", code)
            );
        }
        let limits = self.config.limits(domain(question, &planned)?);
        let finest = planned
            .metrics()
            .filter_map(|(_, metric)| metric.finest)
            .max();
        if let (Some(finest), Some(grain)) = (finest, question.grain)
            && grain < finest
        {
            let words = format!(
                "the metric makes sense by {} or longer periods",
                finest.name()
            );
            return Err(Error::invalid_field("grain", "GRAIN_TOO_FINE", words));
        }
        let calendar = &question.calendar;
        let bounds = match question.span {
            None => Vec::new(),
            Some((start, end)) => {
                let cut = |problem| errors::cut(problem, limits.periods);
                let start = calendar.bound(start).map_err(cut)?;
                let end = calendar.bound(end).map_err(cut)?;
                let bounds = calendar.cut(start, end, question.grain, limits.periods);
                bounds.map_err(cut)?
            }
        };
        let selection = &question.selection;
        let readings = reading::readings(&planned, selection, &bounds, question.grain, calendar)?;
        Ok(Prepared {
            planned,
            plan_cached,
            bounds,
            readings,
            limits,
            resolve,
            plan: begin.elapsed(),
        })
    }

    /// The rows of the answer; of equal questions at the same time those of the first, where it has all that was written before.
    async fn run(
        &self,
        scope: &Scope,
        question: &Question,
        prepared: &Prepared,
    ) -> Result<Arc<Answered>, Error> {
        let filters = scope.row_filters();
        let key = |rows: &[i64]| key(scope, question, prepared, &filters, rows);
        let calls = self.calls.for_scope(scope);
        let work = || execute(calls.clone(), self.clock.now(), question, prepared);
        let (flight, joined) = self.flights.board(key(&[]), work());
        if !joined {
            return flight.await.map_err(Error::from);
        }
        // Whoever has just written must not get what was read before.
        let readings = prepared.readings.iter();
        let entities: BTreeSet<&str> = readings.map(|reading| reading.entity.as_str()).collect();
        let asked = entities.iter().map(|code| (*code).to_owned()).collect();
        let rows = calls.data_versions(asked).await?;
        let versions: BTreeMap<_, _> = entities.into_iter().zip(rows.iter().copied()).collect();
        // An error may be about whoever began, their token or their patience, or about rows that are gone. The owner of the rows may
        // also know newer row filters than we did when we joined.
        let fits = |answered: &Answered| answered.has(&versions) && answered.seen_with(&filters);
        if let Some(answered) = flight.await.ok().filter(|answered| fits(answered)) {
            return Ok(answered);
        }
        // All that came too late for it go on together.
        let (flight, joined) = self.flights.board(key(&rows), work());
        match flight.await.map_err(Error::from) {
            Err(error) if joined && personal(error.kind()) => {}
            Ok(answered) if joined && !fits(&answered) => {}
            answered => return answered,
        }
        work().await.map(Arc::new)
    }
}

/// The domain that answers, which must be the one that was asked.
fn domain<'a>(question: &Question, planned: &'a Planned) -> Result<&'a str, Error> {
    let own = planned.metric().map_or("", |metric| metric.domain.as_str());
    let asked = question.domain.as_str();
    if asked.is_empty() || asked == own {
        return Ok(own);
    }
    let code = planned.code.as_deref().unwrap_or_default();
    let belongs = match own {
        "" => "belongs to no domain".to_owned(),
        own => format!("belongs to the domain `{own}`"),
    };
    let words = format!("there is no metric `{code}` in the domain `{asked}`; it {belongs}");
    Err(Error::new(&reasons::METRIC_NOT_IN_DOMAIN, words)
        .with_metadata("metric", code)
        .with_metadata("domain", asked)
        .with_metadata("metric_domain", own))
}

/// Of all that decides the rows: whose they are, versions of definitions and perhaps of rows, the question, and what its caller may see.
fn key(
    scope: &Scope,
    question: &Question,
    prepared: &Prepared,
    filters: &RowFilters,
    rows: &[i64],
) -> Key {
    let mut hash = Sha256::new();
    hash.update(scope.tenant().as_bytes());
    hash.update(prepared.planned.definitions.digest);
    hash.update(question.key);
    hash.update(filters.hash());
    for version in rows {
        hash.update(version.to_be_bytes());
    }
    hash.finalize().into()
}

/// Whether an error is about who called, and not about what was asked.
const fn personal(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::DeadlineExceeded | Kind::Cancelled | Kind::Unauthenticated | Kind::PermissionDenied
    )
}

impl Answered {
    /// Whether the rows were read with all that these versions of them have.
    fn has(&self, versions: &BTreeMap<&str, i64>) -> bool {
        self.sources.iter().all(|source| {
            let version = versions.get(source.entity.as_str());
            version.is_some_and(|version| source.summary.data_version >= *version)
        })
    }

    /// Whether the rows were read with these row filters.
    fn seen_with(&self, filters: &RowFilters) -> bool {
        self.sources.iter().all(|source| {
            let expected = filters.of(&source.entity).unwrap_or_default().iter();
            expected
                .map(|text| &**text)
                .eq(source.summary.row_filters.iter().map(String::as_str))
        })
    }
}

/// Asks the owner of the rows for states, all as of one moment, and merges them.
fn execute(
    calls: Calls,
    as_of: Time,
    question: &Question,
    prepared: &Prepared,
) -> impl Future<Output = Result<Answered, Error>> + Send + 'static {
    let planned = Arc::clone(&prepared.planned);
    let periods = prepared.bounds.len().saturating_sub(1).max(1);
    let (dimensions, most) = (question.selection.dimensions.len(), prepared.limits.rows);
    let (ask, measures) =
        convert::fragments::request(&prepared.readings, &question.selection, question.explain);
    let entities = ask.fragments.iter();
    let mut sources: Vec<_> = entities
        .map(|fragment| Source {
            entity: fragment.entity.clone(),
            measures: fragment.measures.clone(),
            ..Source::default()
        })
        .collect();
    async move {
        let begin = Instant::now();
        let mut merge = Merge::new(&planned.plan, most);
        let mut merging = Duration::ZERO;
        if !ask.fragments.is_empty() {
            calls
                .execute(ask, |part| {
                    let begin = Instant::now();
                    let merged = add(&planned, &mut merge, &measures, &mut sources, part);
                    merging += begin.elapsed();
                    merged.map_err(|problem| errors::unmerged(problem, most))
                })
                .await?;
        }
        let (execute, begin) = (begin.elapsed().saturating_sub(merging), Instant::now());
        let rows = merge.rows(periods, dimensions);
        let rows = rows.map_err(|problem| errors::unmerged(problem, most))?;
        let compared = planned.plan.compared_sets();
        let unmoved = sources.iter().zip(&measures).filter(|(_, indices)| {
            let mut indices = indices.iter();
            indices.any(|index| compared.contains(index))
        });
        let unmoved = unmoved.flat_map(|(source, _)| source.unmoved()).collect();
        Ok(Answered {
            rows: Merge::without(rows, &unmoved),
            sources,
            as_of,
            execute,
            merge: merging + begin.elapsed(),
        })
    }
}

/// Merges a part of the answer of a fragment.
fn add(
    planned: &Planned,
    merge: &mut Merge<'_>,
    measures: &[Vec<usize>],
    sources: &mut [Source],
    part: warehouse::ExecuteFragmentsResponse,
) -> Result<(), Unmerged> {
    let unread = || Unmerged::Refused((0, Vec::new()), formula::Refusal::BadState);
    let at = usize::try_from(part.fragment).map_err(|_| unread())?;
    let (Some(indices), Some(source)) = (measures.get(at), sources.get_mut(at)) else {
        return Err(unread());
    };
    let own: Vec<_> = indices
        .iter()
        .map(|index| &planned.plan.measures[*index])
        .collect();
    for group in part.groups {
        let period = usize::try_from(group.period).map_err(|_| unread())?;
        let dimensions = group
            .dimensions
            .into_iter()
            .map(|dimension| dimension.value)
            .collect();
        let states = convert::states::states(&own, group.states).ok_or_else(unread)?;
        merge.add((period, dimensions), indices, states)?;
    }
    if let Some(summary) = part.summary {
        source.summary = summary;
    }
    Ok(())
}

/// What the tokens of a question are, and where the page that it asks for begins.
fn after(question: &Question) -> Result<(Shape, Option<After>), Error> {
    let shape = Shape::of("calculation.rows", &(question.key, question.order as u8));
    let after = shape.key(&question.page_token)?;
    Ok((shape, after))
}

/// The page of the answer that was asked for.
fn render(
    question: &Question,
    prepared: &Prepared,
    answered: &Answered,
) -> Result<v1::CalculateResponse, Error> {
    let planned = &prepared.planned;
    let (shape, after) = after(question)?;
    let types = reading::dimension_types(planned, &question.selection);
    let sorter = Sorter::new(question.order, types);
    let sorted = sorter.sort(&answered.rows);
    let first = sorted.first().copied();
    let (page, next) = sorter.page(sorted, after.as_ref(), question.page_size);
    let next = next.map(|places| {
        let [row, count] = places.map(|place| shape.token(&place));
        if row.len() <= MOST_TOKEN { row } else { count }
    });
    let bounds = question.calendar.texts(&prepared.bounds);
    let thresholds = planned
        .metric()
        .map_or(&[][..], |metric| &metric.thresholds);
    let rows = page.into_iter();
    let explanation = question.explain.then(|| {
        let story = Story {
            sources: &answered.sources,
            timings: vec![
                ("resolve", prepared.resolve),
                ("plan", prepared.plan),
                ("execute", answered.execute),
                ("merge", answered.merge),
            ],
            as_of: answered.as_of,
            plan_cached: prepared.plan_cached,
            calendar: &question.calendar,
            grain: question.grain,
            first,
            whole: answered.rows.len() == 1,
        };
        convert::explanation::explanation(planned, story)
    });
    Ok(v1::CalculateResponse {
        rows: rows
            .map(|row| convert::answer::row(row, &bounds, thresholds))
            .collect(),
        next_page_token: next.unwrap_or_default(),
        total_size: i32::try_from(answered.rows.len()).unwrap_or(i32::MAX),
        explanation,
        ..convert::answer::answer(planned)
    })
}

/// A status as one result among many has it.
fn wire_status(status: &Status) -> proto::google::rpc::Status {
    let details = proto::google::rpc::Status::decode(status.details()).unwrap_or_default();
    proto::google::rpc::Status {
        code: status.code() as i32,
        message: status.message().to_owned(),
        details: details.details,
    }
}
