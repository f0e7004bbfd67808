//! Questions.

use crate::model::{
    calendar::{Calendar, Grain, Place},
    definitions::{Draft, set},
    question::{Filter, MembersQuestion, Order, Question, Selection, Snapshots, Subject},
};
use error::{Error, Violations};
use formula::{Definition, Operand, Operator, Read};
use jiff::{Timestamp, tz::TimeZone};
use prost::Message as _;
use prost_types::value::Kind;
use proto_numbers::tessera::calculation::v1;
use sha2::{Digest, Sha256};
use value::Time;

/// What is asked for; `page_size` is of a page where the question does not say.
pub(crate) fn question(mut ask: v1::CalculateRequest, page_size: u16) -> Result<Question, Error> {
    let mut found = Violations::new();
    let size = usize::try_from(ask.page_size).unwrap_or(0);
    let page_token = std::mem::take(&mut ask.page_token);
    let order = match ask.order() {
        v1::ResultOrder::Unspecified | v1::ResultOrder::Period => Order::Period,
        v1::ResultOrder::ValueDescending => Order::Descending,
        v1::ResultOrder::ValueAscending => Order::Ascending,
    };
    // What is left decides the rows.
    ask.page_size = 0;
    ask.order = 0;
    let key = Sha256::digest(ask.encode_to_vec()).into();

    let calendar = calendar(&ask.time_zone, ask.fiscal_year_start, &mut found);
    let span = span(&ask.start, &ask.end, false, &mut found);
    let grain = grain(ask.grain());
    if grain.is_some() && ask.start.is_empty() && ask.end.is_empty() {
        let words = "periods are cut out of a span, so a grain needs both of its ends";
        found.add("start", "REQUIRED", words);
    }
    let subject = match (ask.metric.as_str(), ask.draft.take()) {
        ("", None) => {
            found.add("metric", "REQUIRED", "name a metric, or send a draft");
            Subject::Metric(String::new())
        }
        ("", Some(draft)) => {
            let words = "a draft belongs to no domain";
            found.check(ask.domain.is_empty(), "domain", "NOT_WITH_DRAFT", words);
            Subject::Draft(to_draft(draft))
        }
        (_, Some(_)) => {
            found.add(
                "draft",
                "BOTH_GIVEN",
                "either a metric is named or a draft is sent",
            );
            Subject::Metric(String::new())
        }
        (code, None) => Subject::Metric(code.to_owned()),
    };
    let snapshots = snapshots(ask.snapshot_selection());
    let selection = selection(
        ask.dimensions,
        &ask.filters,
        ask.r#where,
        snapshots,
        &mut found,
    );
    found.finish()?;
    let (Some(calendar), Some(span)) = (calendar, span) else {
        return Err(Error::internal("a value or a violation"));
    };
    Ok(Question {
        subject,
        span,
        grain,
        calendar,
        selection,
        order,
        explain: ask.explain,
        domain: ask.domain,
        page_size: if size == 0 { page_size.into() } else { size },
        page_token,
        key,
    })
}

/// Both ends of so many of the latest full periods of a question's grain, before now.
pub(crate) fn latest(
    ask: &v1::CalculateRequest,
    count: u32,
    now: Time,
) -> Result<(String, String), Error> {
    let mut found = Violations::new();
    let calendar = calendar(&ask.time_zone, ask.fiscal_year_start, &mut found);
    found.finish()?;
    let span = calendar
        .zip(grain(ask.grain()))
        .and_then(|(calendar, grain)| {
            let now = Timestamp::from_microsecond(now.micros()).ok()?;
            calendar.latest(now, grain, count)
        });
    let (start, end) = span.ok_or_else(|| {
        let words = "the latest periods begin before the year 1";
        Error::invalid_field("last_periods", "RANGE", words)
    })?;
    Ok((start.to_string(), end.to_string()))
}

/// Whose members are asked for.
pub(crate) fn members(ask: v1::ListMembersRequest) -> Result<MembersQuestion, Error> {
    let mut found = Violations::new();
    let set = match ask.set() {
        v1::MemberSet::Unspecified => None,
        v1::MemberSet::Start => Some(Read::Start),
        v1::MemberSet::End => Some(Read::End),
        v1::MemberSet::New => Some(Read::New),
        v1::MemberSet::Retained => Some(Read::Retained),
        v1::MemberSet::Dropped => Some(Read::Dropped),
    };
    found.check(set.is_some(), "set", "REQUIRED", "say which set");
    let calendar = calendar(&ask.time_zone, 0, &mut found);
    let span = span(&ask.start, &ask.end, true, &mut found);
    let snapshots = snapshots(ask.snapshot_selection());
    let selection = selection(Vec::new(), &ask.filters, ask.r#where, snapshots, &mut found);
    found.finish()?;
    let (Some(set), Some(calendar), Some(Some(span))) = (set, calendar, span) else {
        return Err(Error::internal("a value or a violation"));
    };
    Ok(MembersQuestion {
        metric: ask.metric,
        set,
        span,
        calendar,
        selection,
        page_size: ask.page_size,
        page_token: ask.page_token,
    })
}

/// A formula that is not stored.
pub(crate) fn to_draft(draft: v1::Draft) -> Draft {
    let some = |text: String| (!text.is_empty()).then_some(text);
    Draft {
        definition: Definition {
            formula: draft.formula,
            entity: some(draft.entity),
            set: draft
                .set
                .and_then(|spec| set(&spec.entity, &spec.member, &spec.filter)),
        },
        metric: some(draft.metric),
    }
}

fn calendar(zone: &str, fiscal_start: i32, found: &mut Violations) -> Option<Calendar> {
    let known = match zone {
        "" => Ok(TimeZone::UTC),
        name => TimeZone::get(name),
    };
    let known = known.ok().filter(|zone| !zone.is_unknown());
    if known.is_none() {
        let words = format!(
            "`{}` is no IANA time zone, such as `Europe/Amsterdam`",
            zone.escape_debug()
        );
        found.add("time_zone", "UNKNOWN_TIME_ZONE", words);
    }
    Some(Calendar {
        zone: known?,
        fiscal_start: i8::try_from(fiscal_start.max(1)).unwrap_or(1),
    })
}

/// Both ends, or neither where none is `needed`; none where something is wrong.
fn span(
    start: &str,
    end: &str,
    needed: bool,
    found: &mut Violations,
) -> Option<Option<(Place, Place)>> {
    if start.is_empty() && end.is_empty() && !needed {
        return Some(None);
    }
    let mut place = |field: &str, text: &str| {
        let place = Place::parse(text);
        if text.is_empty() {
            found.add(
                field,
                "REQUIRED",
                "a span has two ends, or none for all time",
            );
        } else if place.is_none() {
            let words = "write a day, `2025-01-31`, or an instant, `2025-01-31T12:00:00Z`";
            found.add(field, "BAD_TIME", words);
        }
        place
    };
    let (start, end) = (place("start", start), place("end", end));
    Some(Some((start?, end?)))
}

const fn grain(grain: v1::Grain) -> Option<Grain> {
    match grain {
        v1::Grain::Unspecified => None,
        v1::Grain::Hour => Some(Grain::Hour),
        v1::Grain::Day => Some(Grain::Day),
        v1::Grain::Week => Some(Grain::Week),
        v1::Grain::Month => Some(Grain::Month),
        v1::Grain::Quarter => Some(Grain::Quarter),
        v1::Grain::Year => Some(Grain::Year),
    }
}

/// A grain as the contract has it.
pub(crate) const fn wire_grain(grain: Option<Grain>) -> v1::Grain {
    match grain {
        None => v1::Grain::Unspecified,
        Some(Grain::Hour) => v1::Grain::Hour,
        Some(Grain::Day) => v1::Grain::Day,
        Some(Grain::Week) => v1::Grain::Week,
        Some(Grain::Month) => v1::Grain::Month,
        Some(Grain::Quarter) => v1::Grain::Quarter,
        Some(Grain::Year) => v1::Grain::Year,
    }
}

const fn snapshots(selection: v1::SnapshotSelection) -> Snapshots {
    match selection {
        v1::SnapshotSelection::Exact => Snapshots::Exact,
        v1::SnapshotSelection::Unspecified | v1::SnapshotSelection::Latest => Snapshots::Latest,
    }
}

fn selection(
    dimensions: Vec<String>,
    filters: &[v1::Filter],
    condition: String,
    snapshots: Snapshots,
    found: &mut Violations,
) -> Selection {
    let filters = filters
        .iter()
        .enumerate()
        .filter_map(|(index, filter)| to_filter(index, filter, found))
        .collect();
    Selection {
        dimensions,
        filters,
        condition,
        snapshots,
    }
}

fn to_filter(index: usize, filter: &v1::Filter, found: &mut Violations) -> Option<Filter> {
    let operator = match filter.operator() {
        v1::FilterOperator::Unspecified => {
            found.add(
                format!("filters[{index}].operator"),
                "REQUIRED",
                "say how it is compared",
            );
            return None;
        }
        v1::FilterOperator::Equal => Operator::Equal,
        v1::FilterOperator::NotEqual => Operator::NotEqual,
        v1::FilterOperator::Less => Operator::Less,
        v1::FilterOperator::LessOrEqual => Operator::LessOrEqual,
        v1::FilterOperator::Greater => Operator::Greater,
        v1::FilterOperator::GreaterOrEqual => Operator::GreaterOrEqual,
        v1::FilterOperator::In => Operator::In,
        v1::FilterOperator::NotIn => Operator::NotIn,
        v1::FilterOperator::Between => Operator::Between,
        v1::FilterOperator::IsNull => Operator::IsNull,
        v1::FilterOperator::IsNotNull => Operator::IsNotNull,
        v1::FilterOperator::StartsWith => Operator::StartsWith,
        v1::FilterOperator::Contains => Operator::Contains,
    };
    let mut values = Vec::with_capacity(filter.values.len());
    for (at, value) in filter.values.iter().enumerate() {
        let field = || format!("filters[{index}].values[{at}]");
        match &value.kind {
            Some(Kind::StringValue(text)) => values.push(Operand::Text(text.clone())),
            Some(Kind::NumberValue(number)) => values.push(Operand::Number(*number)),
            Some(Kind::BoolValue(value)) => values.push(Operand::Boolean(*value)),
            Some(Kind::NullValue(_)) | None => {
                found.add(
                    field(),
                    "NULL_VALUE",
                    "nothing equals null; use IS_NULL or IS_NOT_NULL",
                );
            }
            Some(Kind::StructValue(_) | Kind::ListValue(_)) => {
                found.add(
                    field(),
                    "WRONG_VALUE",
                    "a value is a text, a number or a boolean",
                );
            }
        }
    }
    Some(Filter {
        attribute: filter.attribute.clone(),
        operator,
        values,
    })
}
