//! Fragments of metrics: partial states over groups and sub-periods, all as of one moment; only states leave the database.

mod explain;

pub(crate) use explain::{snapshot_text, snapshots};

use super::{
    Viewer,
    figures::{Found, Limits, dimensions, few_groups, read, uncalculated},
    statement::in_time,
};
use crate::{
    model::{
        moment::bounds,
        table::{TableShape, TableState},
        view::View,
    },
    reasons,
};
use db::{Conn, Failure};
use error::{Error, Violation};
use explain::{parameters, passed, source};
use formula::{
    Plan, Shape, State, Typed,
    sql::{Moment, Query, Table},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use value::Time;

const MICROS_OF_DAY: i64 = 86_400_000_000;

/// Measures over the rows of one entity.
#[derive(Clone, Debug)]
pub(crate) struct FragmentAsk {
    pub(crate) entity: String,
    /// 0 is any.
    pub(crate) entity_version: i64,
    pub(crate) measures: Vec<String>,
    pub(crate) dimensions: Vec<String>,
    pub(crate) conditions: Vec<String>,
    pub(crate) bounds: Vec<String>,
    /// Whether the latest snapshot at a moment stands for it.
    pub(crate) latest: bool,
}

/// A group with the states of the fragment's measures.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) dimensions: Vec<Option<String>>,
    pub(crate) period: usize,
    pub(crate) states: Vec<State>,
}

/// A fragment's answer.
#[derive(Clone, Debug)]
pub(crate) struct FragmentAnswer {
    pub(crate) groups: Vec<Group>,
    /// What was read.
    pub(crate) source: String,
    /// Statements with their parameters as text, where asked for.
    pub(crate) statements: Vec<(String, Vec<String>)>,
    /// Rows that the database gave back.
    pub(crate) result_rows: usize,
    /// Rows of the entity that passed the conditions, where asked for.
    pub(crate) rows: i64,
    pub(crate) duration: Duration,
    pub(crate) entity_version: i64,
    pub(crate) data_version: i64,
    /// The snapshots that were compared, by sub-period.
    pub(crate) snapshots: Vec<(Option<Moment>, Option<Moment>)>,
    pub(crate) row_filters: Vec<String>,
}

impl super::Store {
    /// The answers of fragments, all read in one snapshot.
    pub(crate) async fn fragments(
        &self,
        viewer: &Viewer,
        asks: Vec<FragmentAsk>,
        explain: bool,
        limits: Limits,
    ) -> Result<Vec<FragmentAnswer>, Error> {
        let end = viewer.end;
        let filters = Arc::clone(&viewer.filters);
        let mut entities: Vec<String> = asks.iter().map(|ask| ask.entity.clone()).collect();
        entities.sort_unstable();
        entities.dedup();
        self.tables
            .read(&viewer.scope, entities, move |conn, shapes| {
                let views = shapes.iter().map(|shape| View::new(shape, &filters));
                let views = views.collect::<Result<Vec<_>, _>>()?;
                conn.until(end, |conn| {
                    let mut answers = Vec::with_capacity(asks.len());
                    for (at, ask) in asks.iter().enumerate() {
                        let own = |view: &&View| view.shape.entity == ask.entity;
                        let view = views.iter().find(own);
                        let view =
                            view.ok_or_else(|| Error::internal("a table for each entity"))?;
                        let field = format!("fragments[{at}]");
                        answers.push(answer(conn, view, ask, &field, explain, limits, end)?);
                    }
                    Ok(answers)
                })
            })
            .await
    }

    /// The versions of the rows of entities; 0 where there is no table.
    pub(crate) async fn data_versions(
        &self,
        viewer: &Viewer,
        entities: Vec<String>,
    ) -> Result<Vec<i64>, Error> {
        let (found, _) = self.tables.batch(&viewer.scope, entities.clone()).await?;
        let version = |entity: &String| {
            let own = |shape: &&TableShape| shape.entity == *entity;
            found.iter().find(own).map_or(0, |shape| shape.data_version)
        };
        Ok(entities.iter().map(version).collect())
    }
}

/// What is asked of a fragment, typed.
struct Asked {
    plan: Plan,
    conditions: Vec<Typed>,
    bounds: Vec<Moment>,
}

fn typed(view: &View, ask: &FragmentAsk, field: &str) -> Result<Asked, Error> {
    let version = view.shape.entity_version;
    if view.shape.state == TableState::Incompatible && ask.entity_version == view.shape.seen_version
    {
        // Planning again would not help: the table cannot follow, and measures of the new definition do not fit its columns.
        return Err(super::tables::incompatible(&view.shape, "calculated with"));
    }
    if ask.entity_version > view.shape.seen_version {
        // It was tried just now, and is tried again.
        return Err(super::tables::behind(&view.shape, ask.entity_version));
    }
    if ask.entity_version != 0 && ask.entity_version != version {
        let words = format!(
            "`{}` is of version {version} here, and the measures were typed against version {}",
            ask.entity, ask.entity_version
        );
        return Err(Error::new(&reasons::ONTOLOGY_CHANGED, words)
            .with_metadata("entity", &ask.entity)
            .with_metadata("entity_version", version.to_string()));
    }
    let conditions = view.conditions();
    let mut violations = Vec::new();
    let texts: Vec<&str> = ask.measures.iter().map(String::as_str).collect();
    let plan = formula::measures_plan(conditions.ontology(), &ask.entity, &texts);
    if plan.is_err() {
        // It tells of the first wrong one; each is looked at for its place.
        for (at, text) in texts.iter().enumerate() {
            let alone = formula::measures_plan(conditions.ontology(), &ask.entity, &[text]);
            if let Err(problems) = alone {
                violations.extend(problems.violations(&format!("{field}.measures[{at}]")));
            }
        }
    }
    if let Err(found) = dimensions(view, &format!("{field}.dimensions"), &ask.dimensions) {
        violations.extend(found);
    }
    let mut all = Vec::new();
    for (at, text) in ask.conditions.iter().enumerate() {
        match conditions.text(&format!("{field}.conditions[{at}]"), text) {
            Ok(found) => all.extend(found),
            Err(found) => violations.extend(found),
        }
    }
    let bounds = bounds(&view.entity, &format!("{field}.bounds"), &ask.bounds)
        .map_err(|found| violations.extend(found))
        .unwrap_or_default();
    match plan {
        Ok(plan) if violations.is_empty() => Ok(Asked {
            plan,
            conditions: all,
            bounds,
        }),
        Err(problems) if violations.is_empty() => {
            Err(problems.into_error(&format!("{field}.measures")))
        }
        _ => Err(Error::invalid(violations)),
    }
}

/// Whether reading sub-periods one by one looks at no part of the table more often than reading them together. SQLite has the rows in
/// the order of time; on PostgreSQL a partition is perhaps read as a whole.
fn apart(view: &View, bounds: &[Moment]) -> bool {
    let Some(interval) = view.shape.chunk_interval else {
        return view.shape.schema.is_none();
    };
    if view.shape.schema.is_none() {
        return true;
    }
    let time = |moment: Moment| match moment {
        Moment::Date(days) => Time::from_micros(i64::from(days) * MICROS_OF_DAY),
        Moment::Timestamp(micros) => Time::from_micros(micros),
    };
    // Whoever is in UTC and asks by whole chunks has one bound in each at most; elsewhere a partition has a part of two sub-periods.
    bounds.windows(3).all(|three| {
        let [first, _, last] = three else {
            return true;
        };
        interval.span(time(*first)) < interval.span(time(*last))
    })
}

fn answer(
    conn: &mut Conn,
    view: &View,
    ask: &FragmentAsk,
    field: &str,
    explain: bool,
    limits: Limits,
    end: Instant,
) -> Result<FragmentAnswer, Failure> {
    let asked = typed(view, ask, field)?;
    let started = Instant::now();
    let mut answer = FragmentAnswer {
        groups: Vec::new(),
        source: source(&view.shape),
        statements: Vec::new(),
        result_rows: 0,
        rows: 0,
        duration: Duration::ZERO,
        entity_version: view.shape.entity_version,
        data_version: view.shape.data_version,
        snapshots: Vec::new(),
        row_filters: view.row_filters.clone(),
    };
    let sets = asked.plan.fragments.iter().any(|f| f.shape == Shape::Set);
    if sets {
        if asked.bounds.is_empty() {
            let words = "sets are compared at two moments or more";
            let bounds = Violation::new(format!("{field}.bounds"), "REQUIRED", words);
            return Err(Error::invalid(vec![bounds]).into());
        }
        let found = snapshots(conn, view, &asked.bounds, ask.latest)?;
        let pairs = found.windows(2).map(|pair| (pair[0], pair[1]));
        answer.snapshots = pairs.collect();
    }
    let compared = answer.snapshots.clone();
    let query = Query {
        dimensions: ask.dimensions.clone(),
        filters: view
            .visible
            .iter()
            .chain(&asked.conditions)
            .cloned()
            .collect(),
        period: None,
        apart: apart(view, &asked.bounds),
        bounds: asked.bounds.clone(),
        most_values: Some(limits.values),
    };
    let mut table = Table::new(&asked.plan);
    // All percentiles together hold no more values than one may.
    let mut values = limits.values;
    for fragment in &asked.plan.fragments {
        let mut run = |conn: &mut Conn, query: &Query| -> Result<Found, Failure> {
            in_time(end)?;
            let found = read(conn, view, &asked.plan, fragment, query, field, limits)?;
            few_groups(found.rows.len(), fragment.shape, limits)?;
            answer.result_rows += found.rows.len();
            if explain {
                // Without what lets it end in time, which a shell does not know.
                let parameters = parameters(&found.statement);
                answer
                    .statements
                    .push((found.statement.sql.clone(), parameters));
            }
            Ok(found)
        };
        let mut add = |found: &Found, period: Option<usize>| -> Result<(), Failure> {
            table
                .add_in(&found.statement, &found.rows, period)
                .map_err(uncalculated)?;
            few_groups(table.len(), fragment.shape, limits)
        };
        if fragment.shape != Shape::Set {
            let query = Query {
                most_values: Some(values),
                ..query.clone()
            };
            let found = run(conn, &query)?;
            add(&found, None)?;
            if fragment.shape == Shape::Values {
                values = values.saturating_sub(found.rows.len());
            }
            continue;
        }
        let mut of_sets = Query {
            bounds: Vec::new(),
            ..query.clone()
        };
        let mut last: Option<((Moment, Moment), Found)> = None;
        for (period, pair) in asked.bounds.windows(2).enumerate() {
            let (start, end) = compared[period];
            // Where no snapshot was taken yet, no row has the moment itself either.
            let moments = (start.unwrap_or(pair[0]), end.unwrap_or(pair[1]));
            // One snapshot often stands for many moments.
            let found = match last.take().filter(|(last, _)| *last == moments) {
                Some((_, found)) => found,
                None => {
                    of_sets.period = Some(moments);
                    run(conn, &of_sets)?
                }
            };
            add(&found, Some(period))?;
            last = Some((moments, found));
        }
    }
    answer.groups = table
        .groups()
        .map(|((dimensions, period), states)| Group {
            dimensions: dimensions.clone(),
            period: period.unwrap_or(0),
            states: states.to_vec(),
        })
        .collect();
    few_groups(answer.groups.len(), Shape::Summary, limits)?;
    answer.duration = started.elapsed();
    if explain {
        in_time(end)?;
        answer.rows = passed(conn, view, &asked, &answer)?;
    }
    Ok(answer)
}
