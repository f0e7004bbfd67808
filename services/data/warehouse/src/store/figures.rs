//! Figures over groups of the rows of one entity: formulas of the metric language, calculated where the rows are.

use super::{
    Viewer,
    records::refused,
    statement::{Lane, TextRow, dialect, in_time, rows},
};
use crate::{
    model::{
        filter::Filter,
        moment::{compare, group_cell},
        value::Cell,
        view::View,
    },
    reasons,
};
use db::{Conn, Failure, page::Shape};
use error::{Error, Violation};
use formula::{
    DataType, Definition, Plan, Refusal, Typed, Value,
    sql::{Query, Statement, Table, write, write_fast},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

/// How much a question may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Groups of an answer.
    pub(crate) groups: usize,
    /// Different values of a percentile, over all groups.
    pub(crate) values: usize,
}

/// Which figures are asked for.
#[derive(Clone, Debug)]
pub(crate) struct FiguresAsk {
    pub(crate) entity: String,
    /// Formulas over the entity's rows.
    pub(crate) measures: Vec<String>,
    pub(crate) group_by: Vec<String>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) condition: String,
    pub(crate) size: usize,
    pub(crate) token: String,
    pub(crate) limits: Limits,
}

/// Figures of groups.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Types of what is grouped by.
    pub(crate) types: Vec<DataType>,
    /// Values of the groups and their figures, in the order of the groups.
    pub(crate) groups: Vec<(Vec<Cell>, Vec<Value>)>,
    pub(crate) next: String,
    /// How many groups there are.
    pub(crate) total: i64,
    /// The statements.
    pub(crate) sql: String,
}

impl super::Store {
    /// Figures over groups.
    pub(crate) async fn figures(&self, viewer: &Viewer, ask: FiguresAsk) -> Result<Figures, Error> {
        let end = viewer.end;
        let filters = Arc::clone(&viewer.filters);
        let entity = vec![ask.entity.clone()];
        self.tables
            .read(&viewer.scope, entity, move |conn, shapes| {
                let view = View::new(&shapes[0], &filters)?;
                conn.until(end, |conn| figures(conn, &view, &ask, end))
            })
            .await
    }
}

/// What is asked for, typed.
struct Asked {
    plans: Vec<Plan>,
    conditions: Vec<Typed>,
    /// Types of what is grouped by.
    types: Vec<DataType>,
}

/// Everything typed, or everything that is wrong.
fn typed(view: &View, ask: &FiguresAsk) -> Result<Asked, Error> {
    let conditions = view.conditions();
    let (mut plans, mut violations) = (Vec::new(), Vec::new());
    for (at, measure) in ask.measures.iter().enumerate() {
        let definition = Definition {
            formula: measure.clone(),
            entity: Some(view.entity.code.clone()),
            set: None,
        };
        let none = BTreeMap::<String, Definition>::new();
        match formula::plan(conditions.ontology(), &none, &definition) {
            Ok(plan) => plans.push(plan),
            Err(problems) => violations.extend(problems.violations(&format!("measures[{at}]"))),
        }
    }
    let types = dimensions(view, "group_by", &ask.group_by)
        .map_err(|found| violations.extend(found))
        .unwrap_or_default();
    let mut all = Vec::new();
    match conditions.filters("filters", &ask.filters) {
        Ok(found) => all.extend(found),
        Err(found) => violations.extend(found),
    }
    match conditions.text("where", &ask.condition) {
        Ok(found) => all.extend(found),
        Err(found) => violations.extend(found),
    }
    if violations.is_empty() {
        Ok(Asked {
            plans,
            conditions: all,
            types,
        })
    } else {
        Err(Error::invalid(violations))
    }
}

/// The types of what is grouped by.
pub(super) fn dimensions(
    view: &View,
    field: &str,
    codes: &[String],
) -> Result<Vec<DataType>, Vec<Violation>> {
    let (mut types, mut violations) = (Vec::new(), Vec::new());
    for (at, code) in codes.iter().enumerate() {
        let field = format!("{field}[{at}]");
        match view.layout.index(code) {
            None => {
                let fault = view.layout.unknown(code);
                violations.push(Violation::new(field, fault.reason, fault.description));
            }
            Some(index) => match view.layout.columns[index].data_type {
                data_type @ (DataType::Json | DataType::Double) => {
                    let words = format!("values of type {data_type} are no groups");
                    violations.push(Violation::new(field, "WRONG_TYPE", words));
                }
                data_type => types.push(data_type),
            },
        }
    }
    if violations.is_empty() {
        Ok(types)
    } else {
        Err(violations)
    }
}

fn figures(
    conn: &mut Conn,
    view: &View,
    ask: &FiguresAsk,
    end: Instant,
) -> Result<Figures, Failure> {
    let Asked {
        plans,
        conditions,
        types,
    } = typed(view, ask)?;
    let filters: Vec<String> = ask.filters.iter().map(|f| format!("{f:?}")).collect();
    let shape = Shape::of(
        "figures",
        &(
            &ask.entity,
            &ask.measures,
            &ask.group_by,
            filters,
            &ask.condition,
        ),
    );
    let after: Option<Vec<Option<String>>> = shape.key(&ask.token)?;
    let query = Query {
        dimensions: ask.group_by.clone(),
        filters: view.visible.iter().cloned().chain(conditions).collect(),
        most_values: Some(ask.limits.values),
        ..Query::default()
    };
    let mut statements = Vec::new();
    let mut groups: HashMap<Vec<Option<String>>, Vec<Option<Value>>> = HashMap::new();
    if ask.group_by.is_empty() {
        groups.insert(Vec::new(), vec![None; plans.len()]);
    }
    for (at, plan) in plans.iter().enumerate() {
        let mut table = Table::new(plan);
        for fragment in &plan.fragments {
            in_time(end)?;
            let field = format!("measures[{at}]");
            let found = read(conn, view, plan, fragment, &query, &field, ask.limits)?;
            few_groups(found.rows.len(), fragment.shape, ask.limits)?;
            table
                .add(&found.statement, &found.rows)
                .map_err(uncalculated)?;
            // Without what lets it end in time, which a shell does not know.
            statements.push(found.statement.sql);
        }
        for ((values, _), states) in table.groups() {
            let answer = plan.evaluate(states).map_err(uncalculated)?;
            let group = groups
                .entry(values.clone())
                .or_insert_with(|| vec![None; plans.len()]);
            group[at] = Some(answer);
        }
        few_groups(groups.len(), formula::Shape::Summary, ask.limits)?;
    }
    let empty = plans.iter().map(|plan| plan.evaluate(&plan.empty()));
    let empty = empty.collect::<Result<Vec<_>, _>>().map_err(uncalculated)?;
    let mut sorted = Vec::with_capacity(groups.len());
    for (texts, answers) in groups {
        let cells = cells(&texts, &types)?;
        let answers = answers.into_iter().zip(&empty);
        let answers = answers.map(|(answer, empty)| answer.unwrap_or_else(|| empty.clone()));
        sorted.push((cells, answers.collect::<Vec<_>>(), texts));
    }
    sorted.sort_by(|a, b| order(&a.0, &b.0));
    let total = i64::try_from(sorted.len()).map_err(Error::internal)?;
    if let Some(after) = after {
        let after = cells(&after, &types)?;
        sorted.retain(|(cells, ..)| order(cells, &after).is_gt());
    }
    let page = db::Page::cut(sorted, ask.size, shape, |(_, _, texts)| texts.clone());
    let groups = page.items.into_iter();
    Ok(Figures {
        types,
        groups: groups.map(|(cells, answers, _)| (cells, answers)).collect(),
        next: page.next,
        total,
        sql: statements.join(";\n"),
    })
}

fn cells(texts: &[Option<String>], types: &[DataType]) -> Result<Vec<Cell>, Failure> {
    let cells = texts
        .iter()
        .zip(types)
        .map(|(text, data_type)| group_cell(text.as_deref(), *data_type));
    cells
        .collect::<Option<_>>()
        .ok_or_else(|| Error::internal("a group has values of its attributes").into())
}

fn order(a: &[Cell], b: &[Cell]) -> std::cmp::Ordering {
    let different = a.iter().zip(b).map(|(a, b)| compare(a, b));
    different
        .into_iter()
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

/// A statement with its rows, as text.
pub(super) struct Found {
    pub(super) statement: Statement,
    pub(super) rows: Vec<TextRow>,
}

/// The rows of one statement. Where sums may not fit 64 bits, those who fit are summed twice as fast, and the database says where not.
pub(super) fn read(
    conn: &mut Conn,
    view: &View,
    plan: &Plan,
    fragment: &formula::Fragment,
    query: &Query,
    field: &str,
    limits: Limits,
) -> Result<Found, Failure> {
    let dialect = dialect(conn);
    let mut run = |statement: Statement| {
        let sql = limited(&statement.sql, fragment.shape, limits);
        let rows = rows(conn, Lane::Read, &sql, &statement.binds)?;
        Ok(Found { statement, rows })
    };
    let fast = write_fast(plan, fragment, &view.entity, query, dialect);
    if let Some(statement) = fast.map_err(|found| unwritten(field, found))? {
        match run(statement) {
            Err(failure) if overflows(&failure) => {}
            outcome => return outcome,
        }
    }
    let statement = write(plan, fragment, &view.entity, query, dialect);
    run(statement.map_err(|found| unwritten(field, found))?)
}

fn overflows(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(error) if error.reason() == reasons::NUMBER_OVERFLOW.name)
}

/// A statement of `formula` with one group more than there may be.
fn limited(sql: &str, shape: formula::Shape, limits: Limits) -> String {
    match shape {
        // It has a limit of its own.
        formula::Shape::Values => sql.to_owned(),
        _ => format!("{sql} LIMIT {}", limits.groups + 1),
    }
}

/// Refuses an answer of too many groups.
pub(super) fn few_groups(
    count: usize,
    shape: formula::Shape,
    limits: Limits,
) -> Result<(), Failure> {
    if count <= limits.groups || shape == formula::Shape::Values {
        return Ok(());
    }
    let words = format!("there are more than {} groups", limits.groups);
    Err(Error::new(&reasons::TOO_MANY_GROUPS, words)
        .with_metadata("most", limits.groups.to_string())
        .into())
}

/// What `formula` cannot make a statement of.
pub(super) fn unwritten(field: &str, found: formula::sql::Refused) -> Failure {
    match refused(found) {
        Failure::Refused(error) => {
            let violations = error.violations().iter().cloned().map(|mut violation| {
                violation.field = field.to_owned();
                violation
            });
            Error::invalid(violations.collect()).into()
        }
        other => other,
    }
}

/// Why rows have no figures.
pub(super) fn uncalculated(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Overflow => Error::new(&reasons::NUMBER_OVERFLOW, refusal.to_string()).into(),
        Refusal::TooManyValues => Error::new(&reasons::TOO_MANY_VALUES, refusal.to_string()).into(),
        Refusal::BadState | Refusal::NotMergeable => Error::internal(refusal).into(),
    }
}
