//! What the answers must be: rows in memory, looked at one by one.

use super::{
    calendar::Period,
    values::{self, NULL},
    world::{self, Shape},
};
use formula::{
    Aggregate, DataType, Definition, Entity, EntityKind, Measure, Ontology, Plan, Typed, Value,
    naive::{self, Row},
    sql::{Moment, Query},
};
use std::collections::{BTreeMap, BTreeSet};

/// The rows of a tenant by entity, dropped values among them.
pub(crate) type Rows = BTreeMap<String, Vec<Row>>;
/// Texts of the values of the dimensions.
pub(crate) type Group = Vec<String>;

/// What is asked, apart from the calendar.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Code of a stored metric, or none where `definition` is a draft.
    pub(crate) metric: Option<String>,
    pub(crate) definition: Definition,
    pub(crate) periods: Vec<Period>,
    /// Whether the periods are hours.
    pub(crate) hours: bool,
    /// Whether only snapshots of the very moments count.
    pub(crate) exact: bool,
    pub(crate) dimensions: Vec<String>,
    /// Conditions on every entity.
    pub(crate) conditions: Vec<String>,
}

/// An answer by groups and periods.
pub(crate) struct Expected {
    plan: Plan,
    ontology: Ontology,
    rows: Rows,
    /// Those that nobody hides: a snapshot was taken whoever may see its rows.
    all: Rows,
    conditions: BTreeMap<String, Vec<Typed>>,
    dimensions: Vec<String>,
    periods: Vec<Period>,
    exact: bool,
}

/// Whether a condition holds for a row.
pub(crate) fn holds(shapes: &[Shape], entity: &str, condition: &str, row: &Row) -> bool {
    let ontology = world::ontology(shapes);
    let typed = formula::condition(&ontology, entity, condition)
        .unwrap_or_else(|problems| panic!("{condition}: {problems}"));
    passes(&ontology, entity, &[typed], row)
}

fn passes(ontology: &Ontology, entity: &str, conditions: &[Typed], row: &Row) -> bool {
    let all = Definition::new(&format!("count({entity})"));
    let all = formula::plan(ontology, &BTreeMap::new(), &all).expect("rows can be counted");
    let entity = ontology.entity(entity).expect("it is defined");
    let query = Query {
        filters: conditions.to_vec(),
        ..Query::default()
    };
    let state = naive::state(&all.measures[0], entity, std::slice::from_ref(row), &query);
    state == Ok(formula::State::Count(1))
}

/// Only the values of attributes that are defined now.
fn visible(shape: &Shape, rows: &[Row]) -> Vec<Row> {
    let keep = |row: &Row| {
        let values = shape.columns.iter().map(|column| {
            let value = row.values.get(&column.code).cloned().unwrap_or(NULL);
            (column.code.clone(), value)
        });
        Row {
            id: row.id.clone(),
            values: values.collect(),
        }
    };
    rows.iter().map(keep).collect()
}

/// The rows of an entity that one may see, by the row filters on it.
pub(crate) fn seen(shapes: &[Shape], rows: &Rows, entity: &str, filters: &[String]) -> Vec<Row> {
    let shape = shapes
        .iter()
        .find(|shape| shape.code == entity)
        .expect("it is defined");
    let mut rows = visible(shape, rows.get(entity).map_or(&[], Vec::as_slice));
    if !filters.is_empty() {
        rows.retain(|row| {
            filters
                .iter()
                .any(|filter| holds(shapes, entity, filter, row))
        });
    }
    rows
}

/// What the answer must be; none where the question must be refused.
pub(crate) fn expect(
    shapes: &[Shape],
    rows: &Rows,
    metrics: &BTreeMap<String, Definition>,
    row_filters: &BTreeMap<String, Vec<String>>,
    question: &Question,
) -> Result<Expected, String> {
    let ontology = world::ontology(shapes);
    let plan = match &question.metric {
        Some(code) => formula::plan_metric(&ontology, metrics, code, &question.definition),
        None => formula::plan(&ontology, metrics, &question.definition),
    };
    let plan = plan.map_err(|problems| problems.to_string())?;
    if plan.entities.is_empty() && !question.dimensions.is_empty() {
        return Err("there are no rows to group".to_owned());
    }
    let mut conditions = BTreeMap::new();
    let (mut visible, mut all) = (Rows::new(), Rows::new());
    let first = plan
        .entities
        .first()
        .and_then(|code| shapes.iter().find(|shape| shape.code == *code));
    for code in &plan.entities {
        let shape = shapes
            .iter()
            .find(|shape| shape.code == *code)
            .expect("it is defined");
        for dimension in &question.dimensions {
            let column = shape.column(dimension).ok_or("no such dimension")?;
            let groups = !matches!(column.data_type, DataType::Json | DataType::Double);
            groups.then_some(()).ok_or("no groups")?;
            let alike = first
                .and_then(|shape| shape.column(dimension))
                .is_some_and(|other| other.data_type == column.data_type);
            alike.then_some(()).ok_or("not of one type")?;
        }
        let typed = question.conditions.iter().map(|condition| {
            let typed = formula::condition(&ontology, code, condition);
            typed.map_err(|problems| problems.to_string())
        });
        conditions.insert(code.clone(), typed.collect::<Result<_, _>>()?);
        if !question.periods.is_empty() && shape.time().is_none() {
            return Err(format!("{code} has no time"));
        }
        if question.hours
            && shape
                .time()
                .is_some_and(|time| time.data_type == DataType::Date)
        {
            return Err(format!("{code} has days only"));
        }
        let filters = row_filters.get(code).map_or(&[][..], Vec::as_slice);
        visible.insert(code.clone(), seen(shapes, rows, code, filters));
        all.insert(code.clone(), seen(shapes, rows, code, &[]));
    }
    let sets = plan
        .measures
        .iter()
        .any(|measure| measure.aggregate == Aggregate::Set);
    if sets && question.periods.is_empty() {
        return Err("a set has two moments".to_owned());
    }
    Ok(Expected {
        plan,
        ontology,
        rows: visible,
        all,
        conditions,
        dimensions: question.dimensions.clone(),
        periods: question.periods.clone(),
        exact: question.exact,
    })
}

impl Expected {
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    fn entity(&self, measure: &Measure) -> &Entity {
        self.ontology
            .entity(&measure.entity)
            .expect("it is defined")
    }

    /// The texts of a row's dimensions.
    fn group(&self, entity: &Entity, row: &Row) -> Group {
        let text = |code: &String| {
            let attribute = entity.attribute(code).expect("it was checked");
            values::text(&row.values[code], attribute.data_type)
                .map_or("null".to_owned(), |text| format!("={text}"))
        };
        self.dimensions.iter().map(text).collect()
    }

    /// The moments of a period for an entity: of sets those of the latest snapshots.
    fn moments(&self, measure: &Measure, period: Option<&Period>) -> Option<(Moment, Moment)> {
        let entity = self.entity(measure);
        let time = entity.time()?;
        let (from, to) = period?.of(time.data_type);
        if measure.aggregate != Aggregate::Set || self.exact {
            return Some((from, to));
        }
        debug_assert_eq!(entity.kind, EntityKind::Snapshot);
        let at = |row: &Row| match row.values[&time.code] {
            Value::Date(days) => Some(Moment::Date(days)),
            Value::Timestamp(micros) => Some(Moment::Timestamp(micros)),
            _ => None,
        };
        let rows = &self.all[&measure.entity];
        let latest = |moment: Moment| {
            rows.iter()
                .filter_map(at)
                .filter(|at| *at <= moment)
                .max()
                .unwrap_or(moment)
        };
        Some((latest(from), latest(to)))
    }

    fn query(&self, measure: &Measure, period: Option<&Period>) -> Query {
        Query {
            filters: self.conditions[&measure.entity].clone(),
            period: self.moments(measure, period),
            ..Query::default()
        }
    }

    /// The groups that some measure has rows of, in a period.
    pub(crate) fn groups(&self, period: Option<&Period>) -> BTreeSet<Group> {
        let mut groups = BTreeSet::new();
        for measure in &self.plan.measures {
            let entity = self.entity(measure);
            let query = self.query(measure, period);
            let mut counted = measure.clone();
            // Of sets and of values, rows without one are left out.
            if !matches!(measure.aggregate, Aggregate::Set | Aggregate::Values) {
                (counted.aggregate, counted.argument) = (Aggregate::Count, None);
            }
            for row in &self.rows[&measure.entity] {
                let state = naive::state(&counted, entity, std::slice::from_ref(row), &query);
                if state.is_ok_and(|state| state != formula::State::empty(&counted)) {
                    groups.insert(self.group(entity, row));
                }
            }
        }
        groups
    }

    /// The value of a group in a period; an error where a number does not fit.
    pub(crate) fn value(
        &self,
        period: Option<&Period>,
        group: &Group,
    ) -> Result<Value, formula::Refusal> {
        self.value_of(period, group, |_| ())
    }

    /// Whether the value depends on the order in which rows are added: floats that nearly cancel out lose all digits in one order and
    /// none in another, databases choose the order, and each of these sums is one that IEEE 754 allows.
    pub(crate) fn depends_on_order(&self, period: Option<&Period>, group: &Group) -> bool {
        let orders: [fn(&mut [Row]); 3] = [
            <[Row]>::reverse,
            |rows| rows.sort_by(|one, other| one.id.cmp(&other.id)),
            |rows| rows.rotate_left(rows.len() / 2),
        ];
        let usual = self.value(period, group);
        orders.into_iter().any(
            |order| match (&usual, &self.value_of(period, group, order)) {
                (Ok(usual), Ok(value)) => !values::same(usual, value),
                (usual, value) => usual != value,
            },
        )
    }

    fn value_of(
        &self,
        period: Option<&Period>,
        group: &Group,
        order: impl Fn(&mut [Row]),
    ) -> Result<Value, formula::Refusal> {
        let mut compared = self.plan.compared_sets().into_iter();
        let unmoved = |index: usize| {
            let moments = self.moments(&self.plan.measures[index], period);
            !self.exact && moments.is_some_and(|(start, end)| start == end)
        };
        if compared.any(unmoved) {
            // One snapshot stands for both ends: there is nothing to compare.
            return Ok(Value::Null(formula::Missing::NoRows));
        }
        let mut states = Vec::new();
        for measure in &self.plan.measures {
            let entity = self.entity(measure);
            let mut rows: Vec<Row> = self.rows[&measure.entity]
                .iter()
                .filter(|row| self.group(entity, row) == *group)
                .cloned()
                .collect();
            order(&mut rows);
            states.push(naive::state(
                measure,
                entity,
                &rows,
                &self.query(measure, period),
            )?);
        }
        self.plan.evaluate(&states)
    }

    /// The members of the plan's first set at both ends of a period, as answers spell them.
    pub(crate) fn members(&self, period: &Period) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
        let mut sets = self.plan.measures.iter();
        let measure = sets.find(|measure| measure.aggregate == Aggregate::Set)?;
        let entity = self.entity(measure);
        let (from, to) = self.moments(measure, Some(period))?;
        let at = |moment| {
            let query = Query {
                filters: self.conditions[&measure.entity].clone(),
                period: Some((moment, moment)),
                ..Query::default()
            };
            let key = entity.attribute("key").expect("snapshots have one");
            let rows = self.rows[&measure.entity].iter().filter(|row| {
                let state = naive::state(measure, entity, std::slice::from_ref(row), &query);
                state.is_ok_and(|state| state != formula::State::empty(measure))
            });
            rows.filter_map(|row| values::text(&row.values["key"], key.data_type))
                .collect()
        };
        Some((at(from), at(to)))
    }

    /// Whether the rows are not grouped.
    pub(crate) fn is_total(&self) -> bool {
        self.dimensions.is_empty()
    }

    pub(crate) fn periods(&self) -> &[Period] {
        &self.periods
    }
}
