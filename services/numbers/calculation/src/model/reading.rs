//! What is read of each entity: measures, groups, conditions and bounds, after seeing that the question fits every entity alike.

use super::{
    calendar::{Bound, Calendar, Grain, instant_text},
    definitions::{Definitions, Planned},
    question::Selection,
};
use error::{Violation, Violations};
use formula::{Aggregate, DataType, Entity, Plan};
use std::collections::BTreeMap;

/// At most so many conditions of one fragment.
const MAX_CONDITIONS: usize = 100;

/// What is read of one entity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) entity: String,
    pub(crate) version: i64,
    /// Measures of the plan, by index, and as text.
    pub(crate) measures: Vec<(usize, String)>,
    pub(crate) conditions: Vec<String>,
    pub(crate) bounds: Vec<String>,
}

/// What is read for a plan, entity by entity.
///
/// # Errors
/// Everything of the question that does not fit an entity of the plan.
pub(crate) fn readings(
    planned: &Planned,
    selection: &Selection,
    bounds: &[Bound],
    grain: Option<Grain>,
    calendar: &Calendar,
) -> Result<Vec<Reading>, error::Error> {
    let mut found = Violations::new();
    let (plan, definitions) = (&planned.plan, &*planned.definitions);
    let entities = entities(plan, definitions);
    dimensions(&entities, selection, &mut found);
    let conditions = conditions(&entities, definitions, selection, &mut found);
    let sets = plan
        .measures
        .iter()
        .any(|measure| measure.aggregate == Aggregate::Set);
    if sets && bounds.is_empty() {
        let words = "sets are compared at the begin and at the end of a span, so it needs both";
        found.add("start", "REQUIRED", words);
    }
    let mut readings = Vec::new();
    for (entity, conditions) in entities.iter().zip(conditions) {
        let measures = plan.measures.iter().enumerate();
        let measures: Vec<_> = measures
            .filter(|(_, measure)| measure.entity == entity.code)
            .map(|(index, measure)| (index, measure.text()))
            .collect();
        if let Some((_, text)) = measures
            .iter()
            .find(|(_, text)| text.len() > formula::MAX_LENGTH)
        {
            let words = format!(
                "with all names written out, a measure has {} characters",
                text.len()
            );
            found.add("metric", "TOO_LONG", words);
        }
        readings.push(Reading {
            entity: entity.code.clone(),
            version: definitions
                .entities
                .get(&entity.code)
                .map_or(0, |named| named.version),
            measures,
            conditions,
            bounds: bounds_of(entity, bounds, grain, calendar, &mut found),
        });
    }
    found.finish()?;
    Ok(readings)
}

fn entities<'a>(plan: &Plan, definitions: &'a Definitions) -> Vec<&'a Entity> {
    let found = plan.entities.iter();
    found
        .filter_map(|code| definitions.ontology.entity(code))
        .collect()
}

/// The types of the dimensions, in order.
pub(crate) fn dimension_types(planned: &Planned, selection: &Selection) -> Vec<DataType> {
    let first = entities(&planned.plan, &planned.definitions)
        .first()
        .copied();
    let data_type = |code: &String| {
        first
            .and_then(|entity| entity.attribute(code))
            .map(|a| a.data_type)
    };
    let codes = selection.dimensions.iter();
    codes
        .map(|code| data_type(code).unwrap_or(DataType::String))
        .collect()
}

/// The attributes that all entities of the plan have with one type, and that rows can be grouped by.
pub(crate) fn shared_dimensions(plan: &Plan, definitions: &Definitions) -> Vec<String> {
    let entities = entities(plan, definitions);
    let Some((first, others)) = entities.split_first() else {
        return Vec::new();
    };
    let everywhere = |attribute: &&formula::Attribute| {
        attribute.data_type.groups()
            && others.iter().all(|entity| {
                let found = entity.attribute(&attribute.code);
                found.is_some_and(|found| found.data_type == attribute.data_type)
            })
    };
    let shared = first.attributes.iter().filter(everywhere);
    shared.map(|attribute| attribute.code.clone()).collect()
}

fn dimensions(entities: &[&Entity], selection: &Selection, found: &mut Violations) {
    for (index, code) in selection.dimensions.iter().enumerate() {
        let field = format!("dimensions[{index}]");
        if entities.is_empty() {
            found.add(
                field,
                "NOTHING_READ",
                "the formula reads no rows, so there is nothing to group",
            );
            continue;
        }
        if let Some(violation) = unshared(entities, code, &field) {
            push(found, violation);
            continue;
        }
        let data_type = entities[0]
            .attribute(code)
            .map_or(DataType::Json, |a| a.data_type);
        let words = format!("values of type {data_type} are no groups");
        found.check(data_type.groups(), field, "WRONG_TYPE", words);
    }
}

/// Why an attribute is not there in every entity with one type.
fn unshared(entities: &[&Entity], code: &str, field: &str) -> Option<Violation> {
    let mut has: Option<(&Entity, DataType)> = None;
    let mut lacks = None;
    for entity in entities {
        match (entity.attribute(code), has) {
            (None, _) => lacks = lacks.or(Some(*entity)),
            (Some(attribute), None) => has = Some((entity, attribute.data_type)),
            (Some(attribute), Some((first, data_type))) if attribute.data_type != data_type => {
                let words = format!(
                    "`{code}` is of type {data_type} in `{}` and of type {} in `{}`, and the metric reads both",
                    first.code, attribute.data_type, entity.code
                );
                return Some(Violation::new(field, "DIMENSION_NOT_SHARED", words));
            }
            _ => {}
        }
    }
    let lacks = lacks?;
    Some(match has {
        Some((first, _)) => {
            let words = format!(
                "the metric reads `{}` and `{}`, and `{}` has no attribute `{code}`",
                first.code, lacks.code, lacks.code
            );
            Violation::new(field, "DIMENSION_NOT_SHARED", words)
        }
        None => {
            let known = lacks.attributes.iter().map(|a| a.code.as_str());
            let hint = formula::did_you_mean(code, known)
                .map_or(String::new(), |hint| format!(" ({hint})"));
            let words = format!(
                "the entity `{}` has no attribute `{code}`{hint}",
                lacks.code
            );
            Violation::new(field, "UNKNOWN_ATTRIBUTE", words)
        }
    })
}

/// The conditions of each entity, as text.
fn conditions(
    entities: &[&Entity],
    definitions: &Definitions,
    selection: &Selection,
    found: &mut Violations,
) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new(); entities.len()];
    for (index, filter) in selection.filters.iter().enumerate() {
        if let Some(violation) = unshared(
            entities,
            &filter.attribute,
            &format!("filters[{index}].attribute"),
        ) {
            push(found, violation);
            continue;
        }
        for (at, entity) in entities.iter().enumerate() {
            let made = formula::filter(entity, &filter.attribute, filter.operator, &filter.values);
            let typed = made.and_then(|expr| {
                let typed = formula::condition_of(&definitions.ontology, &entity.code, &expr);
                let wrong = |problems: formula::Problems| formula::FilterProblem {
                    value: None,
                    reason: problems
                        .as_slice()
                        .first()
                        .map_or("WRONG_VALUE", |p| p.code.name()),
                    message: problems
                        .as_slice()
                        .first()
                        .map_or_else(String::new, |p| p.message.clone()),
                };
                typed.map(|_| formula::print(&expr)).map_err(wrong)
            });
            match typed {
                Ok(text) => all[at].push(text),
                // The same values are wrong in the same way in each entity.
                Err(problem) if at == 0 => {
                    let field = match problem.value {
                        Some(value) => format!("filters[{index}].values[{value}]"),
                        None if problem.reason == "WRONG_OPERATOR" => {
                            format!("filters[{index}].operator")
                        }
                        None => format!("filters[{index}].values"),
                    };
                    found.add(field, problem.reason, problem.message);
                }
                Err(_) => {}
            }
        }
    }
    if !selection.condition.trim().is_empty() {
        written(entities, definitions, &selection.condition, &mut all, found);
    }
    for conditions in &mut all {
        // The last ones are joined where there are more than a fragment takes.
        while conditions.len() > MAX_CONDITIONS {
            let last = conditions.pop().unwrap_or_default();
            let before = conditions.pop().unwrap_or_default();
            conditions.push(format!("({before}) and ({last})"));
        }
    }
    all
}

/// The condition in the metric language, which must mean the same in every entity.
fn written(
    entities: &[&Entity],
    definitions: &Definitions,
    text: &str,
    all: &mut [Vec<String>],
    found: &mut Violations,
) {
    let mut columns: BTreeMap<String, ()> = BTreeMap::new();
    let mut problems = None;
    let mut fits = 0;
    for (at, entity) in entities.iter().enumerate() {
        match formula::condition(&definitions.ontology, &entity.code, text) {
            Ok(typed) => {
                typed.columns(&mut |code| {
                    columns.insert(code.to_owned(), ());
                });
                fits += 1;
                all[at].push(text.to_owned());
            }
            Err(wrong) => problems = problems.or(Some((entity, wrong))),
        }
    }
    if let Some((entity, wrong)) = problems {
        let shared = fits > 0
            && wrong.as_slice().iter().all(|problem| {
                matches!(
                    problem.code,
                    formula::Code::UnknownAttribute | formula::Code::MixedEntities
                )
            });
        if shared {
            let words = format!(
                "not in `{}`, which the metric reads too: {wrong}",
                entity.code
            );
            found.add("where", "DIMENSION_NOT_SHARED", words);
        } else {
            for violation in wrong.violations("where") {
                push(found, violation);
            }
        }
        return;
    }
    for code in columns.keys() {
        if let Some(violation) = unshared(entities, code, "where") {
            push(found, violation);
        }
    }
}

/// The bounds as the entity's rows are placed in time.
fn bounds_of(
    entity: &Entity,
    bounds: &[Bound],
    grain: Option<Grain>,
    calendar: &Calendar,
    found: &mut Violations,
) -> Vec<String> {
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else {
        return Vec::new();
    };
    match entity.time().map(|time| time.data_type) {
        Some(DataType::Timestamp) => bounds.iter().map(|bound| instant_text(*bound)).collect(),
        Some(DataType::Date) if grain == Some(Grain::Hour) => {
            let words = format!("rows of `{}` have a day and no time of day", entity.code);
            found.add("grain", "GRAIN_TOO_FINE", words);
            Vec::new()
        }
        Some(DataType::Date) => {
            for (field, bound) in [("start", first), ("end", last)] {
                let zone = calendar.zone.iana_name().unwrap_or("UTC");
                let words = format!(
                    "rows of `{}` have a day and no time of day, and no day begins then in {zone}",
                    entity.code
                );
                found.check(bound.day.is_some(), field, "NOT_A_DAY", words);
            }
            let days = bounds.iter().filter_map(|bound| bound.day);
            days.map(|day| day.to_string()).collect()
        }
        _ => {
            let words = format!(
                "rows of `{}` are not placed in time; ask without a span",
                entity.code
            );
            found.add("start", "ENTITY_WITHOUT_TIME", words);
            Vec::new()
        }
    }
}

/// A plan compares several sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeveralSets;

/// What the set functions of a plan compare: the only set, as the measure of the plan.
pub(crate) fn only_set(plan: &Plan) -> Result<Option<usize>, SeveralSets> {
    let mut sets = plan
        .measures
        .iter()
        .enumerate()
        .filter(|(_, measure)| measure.aggregate == Aggregate::Set);
    let first = sets.next();
    match sets.next() {
        Some(_) => Err(SeveralSets),
        None => Ok(first.map(|(index, _)| index)),
    }
}

/// The conditions and the two moments for the members of a set of one entity.
///
/// # Errors
/// Everything of the question that does not fit the entity.
pub(crate) fn member_reading(
    planned: &Planned,
    measure: usize,
    selection: &Selection,
    bounds: &[Bound],
    calendar: &Calendar,
) -> Result<(Vec<String>, Vec<String>), error::Error> {
    let mut found = Violations::new();
    let definitions = &*planned.definitions;
    let code = &planned.plan.measures[measure].entity;
    let entities: Vec<_> = definitions.ontology.entity(code).into_iter().collect();
    let mut conditions = conditions(&entities, definitions, selection, &mut found);
    let bounds = entities
        .first()
        .map(|entity| bounds_of(entity, bounds, None, calendar, &mut found));
    found.finish()?;
    Ok((
        conditions.pop().unwrap_or_default(),
        bounds.unwrap_or_default(),
    ))
}

fn push(found: &mut Violations, violation: Violation) {
    found.add(violation.field, violation.reason, violation.description);
}
