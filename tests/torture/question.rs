//! Asking: random questions, and their answers held against the reference.

use super::{
    calendar::{Period, Span},
    formulas,
    reference::{self, Expected, Group, Question},
    tenant::{Tenant, Viewer, call},
    values::{self, NULL, Random},
    world::{self, SHARED, Shape},
};
use crate::{
    business::{list, whole},
    edge::reason,
    platform::Platform,
};
use formula::{DataType, Definition, Missing, Refusal, Value};
use rand::Rng;
use reqwest::Method;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Refusals of numbers that do not fit: allowed where a row's calculation leaves 64 bits, and needed where a total leaves 128.
const TOO_LARGE: [&str; 3] = ["NUMBER_OVERFLOW", "FORMULA_OVERFLOW", "RESULT_OVERFLOW"];

/// A question as it is asked.
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) body: Json,
    page_size: usize,
}

/// How a question went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Answered,
    Refused,
    TooLarge,
}

/// A condition as a filter of the request and in the language.
fn filter(random: &mut Random) -> (Json, String) {
    let text = values::text(&values::any_of(random, DataType::String), DataType::String)
        .unwrap_or_default();
    let quoted = format!("'{}'", text.replace('\'', "''"));
    let n = random.random_range(-30..30);
    let (attribute, operator, operands, condition) = match random.random_range(0..9) {
        0 => (
            SHARED,
            "EQUAL",
            json!([text]),
            format!("{SHARED} = {quoted}"),
        ),
        1 => (
            SHARED,
            "NOT_EQUAL",
            json!([text]),
            format!("{SHARED} <> {quoted}"),
        ),
        2 => (
            SHARED,
            "IN",
            json!([text, "north"]),
            format!("{SHARED} in ({quoted}, 'north')"),
        ),
        3 => (
            SHARED,
            "NOT_IN",
            json!([text, "South"]),
            format!("{SHARED} not in ({quoted}, 'South')"),
        ),
        4 => (SHARED, "IS_NULL", json!([]), format!("{SHARED} is null")),
        5 => (
            SHARED,
            "CONTAINS",
            json!([text]),
            format!("contains({SHARED}, {quoted})"),
        ),
        6 => (
            SHARED,
            "STARTS_WITH",
            json!([text]),
            format!("starts_with({SHARED}, {quoted})"),
        ),
        7 => ("n", "GREATER_OR_EQUAL", json!([n]), format!("n >= {n}")),
        _ => (
            "n",
            "BETWEEN",
            json!([n, n + 20]),
            format!("n between {n} and {}", n + 20),
        ),
    };
    let operator = format!("FILTER_OPERATOR_{operator}");
    (
        json!({ "attribute": attribute, "operator": operator, "values": operands }),
        condition,
    )
}

/// A stored metric, or a draft.
fn subject(random: &mut Random, tenant: &Tenant) -> (Option<String>, Definition) {
    let codes: Vec<String> = tenant.metrics.keys().cloned().collect();
    if !codes.is_empty() && random.random_ratio(1, 3) {
        let code = codes[random.random_range(0..codes.len())].clone();
        let definition = tenant.metrics[&code].clone();
        return (Some(code), definition);
    }
    let depth = random.random_range(0..3);
    let mut definition = Definition::new(&formulas::total(random, &tenant.shapes, &codes, depth));
    if random.random_ratio(1, 5) {
        definition.set = world::any_set(random, &tenant.shapes);
        if definition.set.is_some() {
            definition.formula = "(end - new) / start + 0 * retained - 0 * dropped".to_owned();
        }
    }
    (None, definition)
}

/// Any question.
pub(crate) fn any(random: &mut Random, tenant: &Tenant) -> Asked {
    let (metric, definition) = subject(random, tenant);
    // Sets are compared at two moments, which few questions forget.
    let sets = definition.set.is_some()
        || ["start(", "end(", "new(", "retained(", "dropped("]
            .iter()
            .any(|function| definition.formula.contains(function));
    let span = match random.random_range(0..10) {
        0..=3 if !sets => Span::none(),
        0 => Span::none(),
        4 => Span::hours(random),
        _ => Span::any(random),
    };
    let dimensions: Vec<String> = match random.random_range(0..5) {
        0 => vec![SHARED.to_owned()],
        1 => vec!["n".to_owned(), SHARED.to_owned()],
        2 => {
            let shape = &tenant.shapes[random.random_range(0..tenant.shapes.len())];
            let column = shape.pick(random, |column| column.data_type != DataType::Json);
            column
                .map(|column| column.code.clone())
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    };
    let exact = random.random_ratio(1, 4);
    let mut body = json!({
        "start": span.start, "end": span.end, "grain": span.grain, "time_zone": span.zone,
        "fiscal_year_start": span.fiscal, "dimensions": dimensions,
        "snapshot_selection": if exact { "SNAPSHOT_SELECTION_EXACT" } else { "SNAPSHOT_SELECTION_LATEST" },
    });
    match &metric {
        Some(code) => body["metric"] = json!(code),
        None => {
            body["draft"] = json!({ "formula": definition.formula });
            if let Some(set) = &definition.set {
                body["draft"]["set"] =
                    json!({ "entity": set.entity, "member": set.member, "filter": set.filter });
            }
        }
    }
    let mut conditions = Vec::new();
    if random.random_ratio(1, 3) {
        let (filter, condition) = filter(random);
        body["filters"] = json!([filter]);
        conditions.push(condition);
    }
    if random.random_ratio(1, 4) {
        let condition = formulas::shared_condition(random);
        body["where"] = json!(condition);
        conditions.push(condition);
    }
    let page_size = if random.random_ratio(1, 3) {
        random.random_range(1..6)
    } else {
        0
    };
    Asked {
        question: Question {
            metric,
            definition,
            hours: span.grain == "GRAIN_HOUR",
            exact,
            periods: span.periods,
            dimensions,
            conditions,
        },
        body,
        page_size,
    }
}

/// The same question once more.
pub(crate) fn same(asked: &Asked) -> Asked {
    Asked {
        question: asked.question.clone(),
        body: asked.body.clone(),
        page_size: 0,
    }
}

impl Asked {
    /// Makes the question one of a single period, if it is of any: with its begin and end as they are asked for.
    pub(crate) fn one_period(&mut self, random: &mut Random) -> Option<(Period, String, String)> {
        let days: Vec<(Period, String, String)> = self
            .question
            .periods
            .iter()
            .filter_map(|period| {
                let (start, end) = period.days()?;
                Some((period.clone(), start, end))
            })
            .collect();
        let one = days.get(random.random_range(0..days.len().max(1)))?.clone();
        self.question.periods = vec![one.0.clone()];
        self.question.dimensions.clear();
        Some(one)
    }

    /// Makes the question one about a stored metric.
    pub(crate) fn about(&mut self, code: &str, tenant: &Tenant) {
        self.question.metric = Some(code.to_owned());
        self.question.definition = tenant.metrics[code].clone();
        self.body["metric"] = json!(code);
        self.body
            .as_object_mut()
            .expect("a request")
            .remove("draft");
    }
}

/// All pages of the answer, or the refusal.
async fn ask(platform: &Platform, token: &str, asked: &Asked) -> Result<Vec<Json>, (u16, Json)> {
    let (mut rows, mut body) = (Vec::new(), asked.body.clone());
    body["page_size"] = json!(asked.page_size);
    loop {
        let path = "/api/v1/calculation/calculate";
        let (status, answer) = call(platform, token, Method::POST, path, Some(body.clone())).await;
        if status != 200 {
            return Err((status, answer));
        }
        rows.extend(list(&answer["rows"]).iter().cloned());
        let next = answer["nextPageToken"].as_str().unwrap_or_default();
        if next.is_empty() {
            let total = usize::try_from(whole(&answer["totalSize"])).expect("a count");
            assert_eq!(rows.len(), total, "{}: all pages together", asked.body);
            return Ok(rows);
        }
        assert!(
            asked.page_size == 0 || list(&answer["rows"]).len() == asked.page_size,
            "{answer}"
        );
        body["page_token"] = json!(next);
    }
}

/// Asks, and holds the answer against the rows that are remembered.
pub(crate) async fn check(
    platform: &Platform,
    tenant: &Tenant,
    viewer: &Viewer,
    asked: &Asked,
) -> Told {
    let expected = reference::expect(
        &tenant.shapes,
        &tenant.rows,
        &tenant.metrics,
        &viewer.filters,
        &asked.question,
    );
    let answer = ask(platform, &viewer.token, asked).await;
    let shown = format!("{} by {:?}", asked.body, viewer.filters);
    let expected = match (expected, &answer) {
        (Ok(expected), _) => expected,
        (Err(_), Err((status, refusal))) => {
            assert!((400..500).contains(status), "{shown}: {status} {refusal}");
            return Told::Refused;
        }
        (Err(why), Ok(rows)) => panic!("{shown}: must be refused ({why}), and is {rows:?}"),
    };
    let wanted = wanted(&expected);
    let answer = match (wanted, answer) {
        (Err(_), Ok(rows)) => panic!("{shown}: a number does not fit, and it is {rows:?}"),
        (_, Err((status, refusal))) => {
            assert!(
                status == 400 && TOO_LARGE.contains(&reason(&refusal)),
                "{shown}: {status} {refusal}"
            );
            return Told::TooLarge;
        }
        (Ok(wanted), Ok(rows)) => (wanted, rows),
    };
    compare(tenant, &expected, asked, answer, &shown);
    Told::Answered
}

/// The groups that must be there, by the number of their period.
type Wanted = BTreeSet<(usize, Group)>;

/// Every group that is anywhere in every period, so that series have no gaps; a total is there in any case.
fn wanted(expected: &Expected) -> Result<Wanted, Refusal> {
    let periods: Vec<Option<&Period>> = match expected.periods() {
        [] => vec![None],
        periods => periods.iter().map(Some).collect(),
    };
    let mut groups: BTreeSet<Group> = periods
        .iter()
        .flat_map(|period| expected.groups(*period))
        .collect();
    if expected.is_total() {
        groups.insert(Group::new());
    }
    let mut wanted = BTreeSet::new();
    for (at, period) in periods.iter().enumerate() {
        for group in &groups {
            expected.value(*period, group)?;
            wanted.insert((at, group.clone()));
        }
    }
    Ok(wanted)
}

fn compare(
    tenant: &Tenant,
    expected: &Expected,
    asked: &Asked,
    (wanted, rows): (Wanted, Vec<Json>),
    shown: &str,
) {
    let plan = expected.plan();
    let entity = plan.entities.first().map(|code| tenant.shape(code));
    let mut seen = BTreeSet::new();
    for row in &rows {
        let group = group(entity, &asked.question.dimensions, row);
        let start = row["start"].as_str().unwrap_or_default();
        let at = expected
            .periods()
            .iter()
            .position(|period| period.begins(start));
        assert!(
            at.is_some() || expected.periods().is_empty(),
            "{shown}: no period begins at {start}"
        );
        let period = at.map(|at| &expected.periods()[at]);
        let value = expected
            .value(period, &group)
            .unwrap_or_else(|refusal| panic!("{shown}: {refusal}"));
        assert!(
            is(&row["value"], &value, plan.data_type())
                || row["value"]["exactness"] == "EXACTNESS_FLOAT"
                    && expected.depends_on_order(period, &group),
            "{shown}: {row} must be {value:?}"
        );
        assert!(
            seen.insert((at.unwrap_or(0), group)),
            "{shown}: {row} is there twice"
        );
    }
    assert_eq!(seen, wanted, "{shown}: other groups in {rows:?}");
}

/// The dimensions of a row of an answer as the reference spells them.
fn group(entity: Option<&Shape>, dimensions: &[String], row: &Json) -> Group {
    let told = list(&row["dimensions"]);
    assert_eq!(told.len(), dimensions.len(), "{row}");
    let text = |(code, told): (&String, &Json)| {
        let column = entity.and_then(|shape| shape.column(code));
        let data_type = column.map_or(DataType::String, |column| column.data_type);
        let value = match told["value"].as_str() {
            Some(text) => values::read_text(text, data_type)
                .unwrap_or_else(|| panic!("{text:?} is no {data_type}")),
            None => NULL,
        };
        values::text(&value, data_type).map_or("null".to_owned(), |text| format!("={text}"))
    };
    dimensions.iter().zip(told).map(text).collect()
}

/// Whether a value of an answer is what it must be, exactly.
fn is(told: &Json, value: &Value, data_type: DataType) -> bool {
    let (text, exactness) = (
        told["text"].as_str(),
        told["exactness"].as_str().unwrap_or_default(),
    );
    match value {
        Value::Null(missing) => {
            let by_zero = told["missing"] == "MISSING_REASON_DIVISION_BY_ZERO";
            text.is_none() && by_zero == (*missing == Missing::DivisionByZero)
        }
        Value::Number(number) => match (exactness, text) {
            ("EXACTNESS_EXACT", Some(text)) => values::decimal(text) == Some(*number),
            ("EXACTNESS_ROUNDED", Some(_)) => {
                let fraction = told["fraction"].as_str().unwrap_or_default();
                values::decimal(fraction) == Some(*number)
            }
            _ => false,
        },
        Value::Real(real) => {
            let told = text.and_then(|text| text.parse().ok());
            exactness == "EXACTNESS_FLOAT"
                && told.is_some_and(|told| values::same(&Value::Real(told), &Value::Real(*real)))
        }
        other => {
            text.and_then(|text| values::read_text(text, data_type))
                .as_ref()
                == Some(other)
        }
    }
}
