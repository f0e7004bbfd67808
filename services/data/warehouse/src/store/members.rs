//! The members of a set at the ends of a period, a page at a time.

use super::{
    Viewer,
    figures::{uncalculated, unwritten},
    fragments::snapshots,
    statement::{Lane, dialect, in_time, rows},
};
use crate::model::{
    moment::{moment, moment_text},
    view::View,
};
use db::{Conn, Failure, page::Shape};
use error::{Error, Violation};
use formula::{
    Node, Plan, Read, Typed,
    sql::{Moment, Query, members},
};
use std::{sync::Arc, time::Instant};

/// Which members are asked for.
#[derive(Clone, Debug)]
pub(crate) struct MembersAsk {
    pub(crate) entity: String,
    /// One set function in the metric language.
    pub(crate) set: String,
    pub(crate) conditions: Vec<String>,
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) latest: bool,
    pub(crate) size: usize,
    pub(crate) token: String,
}

/// A page of members.
#[derive(Clone, Debug)]
pub(crate) struct MembersPage {
    pub(crate) members: Vec<String>,
    pub(crate) next: String,
    pub(crate) total: i64,
}

/// Where a page ended: the last member, and the snapshots that are compared, which may not be the latest any more.
type Cursor = (String, String, String);

impl super::Store {
    /// A page of the members of a set.
    pub(crate) async fn members(
        &self,
        viewer: &Viewer,
        ask: MembersAsk,
    ) -> Result<MembersPage, Error> {
        let end = viewer.end;
        let filters = Arc::clone(&viewer.filters);
        let entity = vec![ask.entity.clone()];
        self.tables
            .read(&viewer.scope, entity, move |conn, shapes| {
                let view = View::new(&shapes[0], &filters)?;
                conn.until(end, |conn| page(conn, &view, &ask, end))
            })
            .await
    }
}

/// What is asked, typed.
struct Asked {
    plan: Plan,
    set: Read,
    conditions: Vec<Typed>,
    period: (Moment, Moment),
}

fn typed(view: &View, ask: &MembersAsk) -> Result<Asked, Error> {
    let conditions = view.conditions();
    let mut violations: Vec<Violation> = Vec::new();
    let plan = formula::measures_plan(conditions.ontology(), &ask.entity, &[&ask.set])
        .map_err(|problems| violations.extend(problems.violations("set")))
        .ok();
    let set = set_of(&ask.set);
    if plan.is_some() && set.is_none() {
        let words = "must be one of `start`, `end`, `new`, `retained` and `dropped` of something";
        violations.push(Violation::new("set", "WRONG_TYPE", words));
    }
    let mut all = Vec::new();
    for (at, text) in ask.conditions.iter().enumerate() {
        match conditions.text(&format!("conditions[{at}]"), text) {
            Ok(found) => all.extend(found),
            Err(found) => violations.extend(found),
        }
    }
    let mut read = |field: &str, text: &str| {
        moment(&view.entity, field, text)
            .map_err(|violation| violations.push(violation))
            .ok()
    };
    let period = read("start", &ask.start).zip(read("end", &ask.end));
    match (plan, set, period) {
        (Some(plan), Some(set), Some(period)) if violations.is_empty() => Ok(Asked {
            plan,
            set,
            conditions: all,
            period,
        }),
        _ => Err(Error::invalid(violations)),
    }
}

/// The set that a text names.
fn set_of(text: &str) -> Option<Read> {
    match formula::parse(text).ok()?.node {
        Node::Call { function, .. } => Some(match function.as_str() {
            "start" => Read::Start,
            "end" => Read::End,
            "new" => Read::New,
            "retained" => Read::Retained,
            "dropped" => Read::Dropped,
            _ => return None,
        }),
        _ => None,
    }
}

fn page(
    conn: &mut Conn,
    view: &View,
    ask: &MembersAsk,
    end: Instant,
) -> Result<MembersPage, Failure> {
    let asked = typed(view, ask)?;
    let shape = Shape::of(
        "members",
        &(
            &ask.entity,
            &ask.set,
            &ask.conditions,
            &ask.start,
            &ask.end,
            ask.latest,
        ),
    );
    let cursor: Option<Cursor> = shape.key(&ask.token)?;
    let (after, period) = match cursor {
        Some((after, start, finish)) => {
            let read = |text: &str| {
                moment(&view.entity, "page_token", text)
                    .map_err(|violation| Failure::from(Error::invalid(vec![violation])))
            };
            (Some(after), (read(&start)?, read(&finish)?))
        }
        None => {
            let (start, finish) = asked.period;
            let found = snapshots(conn, view, &[start, finish], ask.latest)?;
            let at = |index: usize, otherwise| {
                let found: Option<&Option<Moment>> = found.get(index);
                found.copied().flatten().unwrap_or(otherwise)
            };
            (None, (at(0, start), at(1, finish)))
        }
    };
    let filters = view.visible.iter().chain(&asked.conditions);
    let query = Query {
        filters: filters.cloned().collect(),
        period: Some(period),
        ..Query::default()
    };
    let dialect = dialect(conn);
    let statements = members(
        &asked.plan,
        &view.entity,
        asked.set,
        &query,
        after.as_deref(),
        ask.size + 1,
        dialect,
    )
    .map_err(|found| unwritten("set", found))?;
    let page = &statements.page;
    let found = rows(conn, Lane::Read, &page.sql, &page.binds)?;
    let found = statements.read(&found).map_err(uncalculated)?;
    in_time(end)?;
    let total = &statements.total;
    let total = rows(conn, Lane::Read, &total.sql, &total.binds)?;
    let total = statements.read_total(&total).map_err(uncalculated)?;
    let page = db::Page::cut(found, ask.size, shape, |last| -> Cursor {
        let (start, finish) = period;
        (last.clone(), moment_text(start), moment_text(finish))
    });
    Ok(MembersPage {
        members: page.items,
        next: page.next,
        total,
    })
}
