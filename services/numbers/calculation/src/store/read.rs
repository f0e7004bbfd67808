//! Reading publications one by one and by pages, and the history of a metric.

use super::{Head, Line, Store, entities, find, hidden};
use crate::{
    model::publication::{Figure, Past, Publication, Published},
    schema::{metric_history, publication_entities, publications},
};
use auth::Scope;
use db::{Conn, Page, page::Shape};
use diesel::{dsl::not, prelude::*};
use error::Error;
use std::collections::HashMap;
use value::{Id, Time};

/// A page of publications that is asked for; what is not given does not restrict.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) metric: String,
    pub(crate) from: Option<Time>,
    pub(crate) to: Option<Time>,
    pub(crate) size: u16,
    pub(crate) token: String,
}

/// A page of the history of a metric that is asked for; what is not given does not restrict.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) metric: String,
    pub(crate) publication: Option<Id>,
    pub(crate) start: String,
    pub(crate) from: Option<Time>,
    pub(crate) to: Option<Time>,
    pub(crate) size: u16,
    pub(crate) token: String,
}

impl Store {
    /// One publication, without explanation and rows.
    pub(crate) async fn publication(&self, scope: &Scope, id: Id) -> Result<Publication, Error> {
        let (tenant, hidden) = (scope.tenant(), hidden(scope));
        self.db
            .read(scope, move |c| find(c, tenant, &hidden, id))
            .await
    }

    /// The same with explanation and rows.
    pub(crate) async fn published(
        &self,
        scope: &Scope,
        publication: Publication,
    ) -> Result<Published, Error> {
        let tenant = scope.tenant();
        let work = move |c: &mut Conn| {
            let mut publication = publication.clone();
            publication.explanation = publications::table
                .filter(publications::tenant.eq(tenant))
                .filter(publications::id.eq(publication.id))
                .select(publications::explanation)
                .first(c)?;
            let lines: Vec<Line> = metric_history::table
                .filter(metric_history::tenant.eq(tenant))
                .filter(metric_history::publication.eq(publication.id))
                .order(metric_history::ordinal)
                .select(Line::as_select())
                .load(c)?;
            let entries = lines.into_iter().map(|line| Ok(line.past()?.entry));
            Ok(Published {
                publication,
                entries: entries.collect::<Result<_, db::Failure>>()?,
            })
        };
        self.db.read(scope, work).await
    }

    /// A page of publications, the latest first, each with the value of its first row.
    pub(crate) async fn list(
        &self,
        scope: &Scope,
        ask: List,
    ) -> Result<Page<(Publication, Option<Figure>)>, Error> {
        let (tenant, hidden) = (scope.tenant(), hidden(scope));
        let shape = Shape::of("publications", &(&ask.metric, ask.from, ask.to));
        let after: Option<Id> = shape.key(&ask.token)?;
        let work = move |c: &mut Conn| {
            let mut query = publications::table
                .filter(publications::tenant.eq(tenant))
                .order(publications::id.desc())
                .limit(i64::from(ask.size) + 1)
                .select(Head::as_select())
                .into_boxed();
            if !ask.metric.is_empty() {
                query = query.filter(publications::metric.eq(ask.metric.clone()));
            }
            if let Some(from) = ask.from {
                query = query.filter(publications::created_at.ge(from));
            }
            if let Some(to) = ask.to {
                query = query.filter(publications::created_at.lt(to));
            }
            if let Some(after) = after {
                query = query.filter(publications::id.lt(after));
            }
            if !hidden.is_empty() {
                let behind = behind(tenant, hidden.clone());
                query = query.filter(not(publications::id.eq_any(behind)));
            }
            let heads: Vec<Head> = query.load(c)?;
            let ids: Vec<Id> = heads.iter().map(|head| head.id).collect();
            let mut read = entities(c, tenant, &ids)?;
            let lines: Vec<Line> = metric_history::table
                .filter(metric_history::tenant.eq(tenant))
                .filter(metric_history::publication.eq_any(ids))
                .filter(metric_history::ordinal.eq(0))
                .select(Line::as_select())
                .load(c)?;
            let firsts = lines.into_iter().map(|line| {
                let past = line.past()?;
                Ok((past.publication, past.entry.figure))
            });
            let mut firsts: HashMap<Id, Figure> = firsts.collect::<Result<_, db::Failure>>()?;
            let rows = heads.into_iter().map(|head| {
                let (entities, first) = (read.remove(&head.id), firsts.remove(&head.id));
                (head.publication(entities.unwrap_or_default()), first)
            });
            let rows = rows.collect();
            Ok(Page::cut(rows, ask.size.into(), shape, |row| row.0.id))
        };
        self.db.read(scope, work).await
    }

    /// A page of the history of a metric, the latest publication first, its rows in their order.
    pub(crate) async fn history(&self, scope: &Scope, ask: History) -> Result<Page<Past>, Error> {
        let (tenant, hidden) = (scope.tenant(), hidden(scope));
        let filter = (&ask.metric, ask.publication, &ask.start, ask.from, ask.to);
        let shape = Shape::of("metric-history", &filter);
        let after: Option<(Id, i32)> = shape.key(&ask.token)?;
        let work = move |c: &mut Conn| {
            let mut query = metric_history::table
                .filter(metric_history::tenant.eq(tenant))
                .filter(metric_history::metric.eq(ask.metric.clone()))
                .order((
                    metric_history::publication.desc(),
                    metric_history::ordinal.asc(),
                ))
                .limit(i64::from(ask.size) + 1)
                .select(Line::as_select())
                .into_boxed();
            if let Some(publication) = ask.publication {
                query = query.filter(metric_history::publication.eq(publication));
            }
            if !ask.start.is_empty() {
                query = query.filter(metric_history::period_start.eq(ask.start.clone()));
            }
            if let Some(from) = ask.from {
                query = query.filter(metric_history::created_at.ge(from));
            }
            if let Some(to) = ask.to {
                query = query.filter(metric_history::created_at.lt(to));
            }
            if let Some((publication, ordinal)) = after {
                let rest = metric_history::publication
                    .eq(publication)
                    .and(metric_history::ordinal.gt(ordinal));
                query = query.filter(metric_history::publication.lt(publication).or(rest));
            }
            if !hidden.is_empty() {
                let behind = behind(tenant, hidden.clone());
                query = query.filter(not(metric_history::publication.eq_any(behind)));
            }
            let lines: Vec<Line> = query.load(c)?;
            let rows = lines
                .into_iter()
                .map(Line::past)
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Page::cut(rows, ask.size.into(), shape, |past| {
                (past.publication, past.ordinal)
            }))
        };
        self.db.read(scope, work).await
    }
}

/// Publications that read one of these entities.
#[diesel::dsl::auto_type(no_type_alias)]
fn behind(tenant: Id, entities: Vec<String>) -> _ {
    publication_entities::table
        .filter(publication_entities::tenant.eq(tenant))
        .filter(publication_entities::entity.eq_any(entities))
        .select(publication_entities::publication)
}
