//! Publications: what is asked to be published, and results as they are kept and told.

use super::questions;
use crate::{
    model::publication::{Entry, Figure, Past, Publication, Published},
    store::{History, List},
};
use error::{Error, Result, Violations};
use prost::Message as _;
use proto::time::{from_proto, to_proto};
use proto_numbers::tessera::calculation::v1;
use value::{Id, Time};

/// The kind by which an explanation names a metric, and an entity.
const METRIC: &str = "metric";
const ENTITY: &str = "entity";

/// The question of a publication, its span given or found; `field` is where the question stands.
pub(crate) fn question(
    mut question: v1::CalculateRequest,
    last_periods: i32,
    now: Time,
    field: &str,
) -> Result<v1::CalculateRequest> {
    let mut found = Violations::new();
    let at = |name: &str| format!("{field}{name}");
    let named = !question.metric.is_empty();
    found.check(named, at("metric"), "REQUIRED", "name a metric");
    let words = "only a metric is published: store the formula as one";
    found.check(
        question.draft.is_none(),
        at("draft"),
        "NOT_PUBLISHED",
        words,
    );
    let words = "a publication has all rows, by period, and is always explained";
    for (name, is_free) in [
        ("page_size", question.page_size == 0),
        ("page_token", question.page_token.is_empty()),
        ("order", question.order == 0),
        ("explain", !question.explain),
    ] {
        found.check(is_free, at(name), "NOT_PUBLISHED", words);
    }
    let count = u32::try_from(last_periods).unwrap_or(0);
    if count > 0 {
        let words = "either the latest periods are meant, or a span";
        let is_free = question.start.is_empty() && question.end.is_empty();
        found.check(is_free, at("start"), "BOTH_GIVEN", words);
        let words = "say how long the latest periods are";
        found.check(question.grain != 0, at("grain"), "REQUIRED", words);
    }
    found.finish()?;
    if count > 0 {
        let (start, end) = questions::latest(&question, count, now)?;
        (question.start, question.end) = (start, end);
    }
    Ok(question)
}

/// A result as it is kept.
pub(crate) fn published(
    question: &v1::CalculateRequest,
    answer: v1::CalculateResponse,
    (id, now): (Id, Time),
    actor: String,
    operation: Option<Id>,
) -> Result<Published> {
    let explanation = answer.explanation.unwrap_or_default();
    let used = |kind: &'static str| {
        let definitions = explanation.definitions.iter();
        definitions.filter(move |one| one.kind == kind)
    };
    let version = used(METRIC).find(|one| one.code == question.metric);
    let mut entities: Vec<_> = used(ENTITY).map(|one| one.code.clone()).collect();
    entities.sort_unstable();
    entities.dedup();
    let as_of = explanation.as_of_time.as_ref().and_then(from_proto);
    let rows = answer.rows.into_iter().map(|row| Entry {
        start: row.start,
        end: row.end,
        dimensions: question
            .dimensions
            .iter()
            .cloned()
            .zip(row.dimensions.into_iter().map(|dimension| dimension.value))
            .collect(),
        figure: figure(row.value.unwrap_or_default()),
        level: row.level,
    });
    let entries: Vec<_> = rows.collect();
    Ok(Published {
        publication: Publication {
            id,
            metric: question.metric.clone(),
            metric_version: version.map_or(0, |one| one.version),
            question: question.encode_to_vec(),
            explanation: explanation.encode_to_vec(),
            unit: answer.unit,
            format: answer.format,
            value_type: answer.r#type,
            entities,
            rows: i32::try_from(entries.len()).map_err(Error::internal)?,
            actor,
            operation,
            as_of: as_of.unwrap_or(now),
            created: now,
        },
        entries,
    })
}

fn figure(value: v1::Value) -> Figure {
    Figure {
        exactness: value.exactness().as_str_name().to_owned(),
        missing: value.missing().as_str_name().to_owned(),
        text: value.text,
        number: value.number,
        fraction: value.fraction,
    }
}

fn value(figure: Figure) -> v1::Value {
    let exactness = v1::Exactness::from_str_name(&figure.exactness).unwrap_or_default();
    let missing = v1::MissingReason::from_str_name(&figure.missing).unwrap_or_default();
    // What is not finite is kept as text alone by what keeps it.
    let float = figure
        .text
        .as_deref()
        .filter(|_| exactness == v1::Exactness::Float);
    let number = figure.number.or_else(|| float?.parse().ok());
    v1::Value {
        text: figure.text,
        number,
        exactness: exactness.into(),
        fraction: figure.fraction,
        missing: missing.into(),
    }
}

/// A publication as a list shows it, with the value of its first row.
pub(crate) fn head(publication: Publication, first: Option<Figure>) -> Result<v1::Publication> {
    let question = v1::CalculateRequest::decode(publication.question.as_slice());
    Ok(v1::Publication {
        id: publication.id.to_string(),
        question: Some(question.map_err(Error::internal)?),
        last_periods: 0,
        metric_version: publication.metric_version,
        unit: publication.unit,
        format: publication.format,
        r#type: publication.value_type,
        entities: publication.entities,
        total_size: publication.rows,
        value: first.map(value),
        as_of_time: Some(to_proto(publication.as_of)),
        create_time: Some(to_proto(publication.created)),
        actor: publication.actor,
        operation: publication
            .operation
            .map(|id| id.to_string())
            .unwrap_or_default(),
        ..Default::default()
    })
}

/// A publication whole.
pub(crate) fn whole(published: Published) -> Result<v1::Publication> {
    let explanation = v1::Explanation::decode(published.publication.explanation.as_slice());
    let explanation = explanation.map_err(Error::internal)?;
    let first = published.entries.first().map(|entry| entry.figure.clone());
    let rows = published.entries.into_iter().map(|entry| v1::ResultRow {
        dimensions: entry
            .dimensions
            .into_iter()
            .map(|(_, value)| v1::DimensionValue { value })
            .collect(),
        start: entry.start,
        end: entry.end,
        value: Some(value(entry.figure)),
        level: entry.level,
    });
    let rows = rows.collect();
    Ok(v1::Publication {
        rows,
        explanation: Some(explanation),
        ..head(published.publication, first)?
    })
}

/// A row of a history.
pub(crate) fn past(past: Past) -> v1::MetricHistoryRow {
    let dimensions = past.entry.dimensions.into_iter();
    v1::MetricHistoryRow {
        publication_id: past.publication.to_string(),
        metric_version: past.metric_version,
        start: past.entry.start,
        end: past.entry.end,
        dimensions: dimensions
            .map(|(code, value)| v1::NamedDimension { code, value })
            .collect(),
        value: Some(value(past.entry.figure)),
        level: past.entry.level,
        as_of_time: Some(to_proto(past.as_of)),
        create_time: Some(to_proto(past.created)),
    }
}

/// Which publications to list.
pub(crate) fn list(ask: v1::ListPublicationsRequest, usual: u16) -> Result<List> {
    let mut found = Violations::new();
    let from = time("create_time_from", ask.create_time_from, &mut found);
    let to = time("create_time_to", ask.create_time_to, &mut found);
    found.finish()?;
    Ok(List {
        metric: ask.metric,
        from,
        to,
        size: size(ask.page_size, usual),
        token: ask.page_token,
    })
}

/// Which rows of a history to list.
pub(crate) fn history(ask: v1::ListMetricHistoryRequest, usual: u16) -> Result<History> {
    let mut found = Violations::new();
    let from = time("create_time_from", ask.create_time_from, &mut found);
    let to = time("create_time_to", ask.create_time_to, &mut found);
    let publication = match ask.publication_id.as_str() {
        "" => None,
        text => found.take("publication_id", id("publication_id", text)),
    };
    found.finish()?;
    Ok(History {
        metric: ask.metric,
        publication,
        start: ask.start,
        from,
        to,
        size: size(ask.page_size, usual),
        token: ask.page_token,
    })
}

/// Reads an id.
pub(crate) fn id(field: &str, text: &str) -> Result<Id> {
    text.parse()
        .map_err(|_| Error::invalid_field(field, "UUID", "must be a uuid"))
}

fn time(
    field: &str,
    asked: Option<prost_types::Timestamp>,
    found: &mut Violations,
) -> Option<Time> {
    let time = asked.as_ref().map(from_proto)?;
    let words = "must lie in the years 1 to 9999";
    found.check(time.is_some(), field, "RANGE", words);
    time
}

fn size(asked: i32, usual: u16) -> u16 {
    let asked = u16::try_from(asked).ok();
    asked.filter(|size| *size > 0).unwrap_or(usual)
}
