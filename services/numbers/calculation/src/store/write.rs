//! Keeping publications and taking them back, each with what is told of it in the same transaction.

use super::{Line, Store, find, hidden};
use crate::{
    convert::event,
    model::publication::Published,
    schema::{metric_history, publication_entities, publications},
};
use auth::Scope;
use db::{Conn, Failure, idempotency::Once};
use diesel::prelude::*;
use error::Error;
use value::{Id, Time};

/// So many rows go into a statement: databases bound the number of its parameters.
const AT_ONCE: usize = 500;

impl Store {
    /// Keeps a publication and tells of it, or finds the one that the same request made; its id.
    pub(crate) async fn publish(
        &self,
        scope: &Scope,
        once: Once,
        published: Published,
    ) -> Result<Id, Error> {
        let (now, held) = (self.clock.now(), scope.clone());
        let work = move |c: &mut Conn| {
            once.id(c, &held, now, |c| {
                keep(c, &held, &published)?;
                Ok(published.publication.id)
            })
        };
        self.db.write(scope, work).await
    }

    /// Takes a publication back and tells of it.
    pub(crate) async fn delete(&self, scope: &Scope, id: Id) -> Result<(), Error> {
        let (now, held) = (self.clock.now(), scope.clone());
        self.db
            .write(scope, move |c| take_back(c, &held, id, now))
            .await
    }
}

/// Keeps a publication and tells of it.
pub(crate) fn keep(c: &mut Conn, scope: &Scope, published: &Published) -> Result<(), Failure> {
    let (tenant, publication) = (scope.tenant(), &published.publication);
    diesel::insert_into(publications::table)
        .values((
            publications::id.eq(publication.id),
            publications::tenant.eq(tenant),
            publications::metric.eq(&publication.metric),
            publications::metric_version.eq(publication.metric_version),
            publications::question.eq(&publication.question),
            publications::explanation.eq(&publication.explanation),
            publications::unit.eq(&publication.unit),
            publications::format.eq(&publication.format),
            publications::value_type.eq(&publication.value_type),
            publications::row_count.eq(publication.rows),
            publications::actor.eq(&publication.actor),
            publications::operation.eq(publication.operation),
            publications::as_of_at.eq(publication.as_of),
            publications::created_at.eq(publication.created),
            publications::updated_at.eq(publication.created),
        ))
        .execute(c)?;
    for entity in &publication.entities {
        diesel::insert_into(publication_entities::table)
            .values((
                publication_entities::tenant.eq(tenant),
                publication_entities::publication.eq(publication.id),
                publication_entities::entity.eq(entity),
                publication_entities::created_at.eq(publication.created),
            ))
            .execute(c)?;
    }
    let lines = (0_i32..).zip(&published.entries);
    let lines = lines.map(|(ordinal, entry)| Line::of(tenant, publication, ordinal, entry));
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    for part in lines.chunks(AT_ONCE) {
        db::on_each!(c, c => diesel::insert_into(metric_history::table)
            .values(part)
            .execute(c))?;
    }
    bus::publish(c, scope, publication.created, event::published(published))
}

/// Takes a publication back, where nobody did before.
pub(crate) fn take_back_if_there(
    c: &mut Conn,
    scope: &Scope,
    id: Id,
    now: Time,
) -> Result<(), Failure> {
    let there = publications::table
        .filter(publications::tenant.eq(scope.tenant()))
        .filter(publications::id.eq(id))
        .count()
        .get_result::<i64>(c)?;
    if there == 0 {
        return Ok(());
    }
    take_back(c, scope, id, now)
}

/// Takes a publication back and tells of it.
fn take_back(c: &mut Conn, scope: &Scope, id: Id, now: Time) -> Result<(), Failure> {
    let tenant = scope.tenant();
    let publication = find(c, tenant, &hidden(scope), id)?;
    let rows = metric_history::table
        .filter(metric_history::tenant.eq(tenant))
        .filter(metric_history::publication.eq(id));
    diesel::delete(rows).execute(c)?;
    let read = publication_entities::table
        .filter(publication_entities::tenant.eq(tenant))
        .filter(publication_entities::publication.eq(id));
    diesel::delete(read).execute(c)?;
    let own = publications::table
        .filter(publications::tenant.eq(tenant))
        .filter(publications::id.eq(id));
    if diesel::delete(own).execute(c)? == 0 {
        // Somebody else was first.
        return Err(Error::not_found("publication", id).into());
    }
    let told = event::deleted(&publication, &scope.actor());
    bus::publish(c, scope, now, vec![told])
}
