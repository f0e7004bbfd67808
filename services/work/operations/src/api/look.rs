//! Looking at one operation: its owner is asked, and where that cannot be, what was heard of it last is the answer.

use super::Api;
use crate::{
    calls::{Owner, is_away},
    convert::{self, history, job},
    model::clearance::Level,
    store::{Known, clearance},
};
use auth::Scope;
use error::{Error, reason};
use futures::future::join_all;
use proto::tessera::jobs::v1 as jobs;
use proto_work::tessera::operations::v1::{
    ListKindsRequest, ListKindsResponse, Operation, OperationDetails, OperationKind,
};
use std::collections::BTreeMap;
use value::Id;

/// Entries of each list in the view FULL.
const DETAILS: u16 = 100;

impl Api {
    /// One operation, with the beginning of its history where that is wanted.
    pub(super) async fn get(
        &self,
        scope: &Scope,
        id: Id,
        service: &str,
        full: bool,
    ) -> Result<Operation, Error> {
        let (service, known) = self.keeper(scope, id, service).await?;
        let mut operation = self.fresh(scope, id, &service, known).await?;
        if full && !operation.stale {
            let owner = self.owners.of(&service, scope.tenant())?;
            match details(&owner, id).await {
                Ok(details) => operation.details = Some(details),
                Err(refusal) if is_away(&refusal) => operation.stale = true,
                Err(error) => return Err(error),
            }
        }
        Ok(operation)
    }

    /// An operation as its owner knows it, or else as it was heard of last.
    pub(super) async fn fresh(
        &self,
        scope: &Scope,
        id: Id,
        service: &str,
        known: Option<Known>,
    ) -> Result<Operation, Error> {
        let missing = || Error::not_found("operation", id);
        let asked = match self.owners.of(service, scope.tenant()) {
            Ok(owner) => owner.job(id).await,
            Err(away) => Err(away),
        };
        match (asked, known) {
            (Ok(found), known) => {
                if !clearance(scope).covers(Level::of(found.security_level)) {
                    return Err(missing());
                }
                if known.is_none() {
                    let entry = job::entry(scope.tenant(), found.clone());
                    self.store
                        .keep(scope, entry.map_err(Error::internal)?)
                        .await?;
                }
                Ok(job::operation(found))
            }
            (Err(refusal), Some(known)) if is_away(&refusal) => {
                let mut operation = job::known(&known)?;
                operation.stale = true;
                Ok(operation)
            }
            (Err(refusal), Some(known)) if refusal.is(&reason::NOT_FOUND) => {
                self.store.forget(scope, known).await?;
                Err(missing())
            }
            (Err(refusal), None) if refusal.is(&reason::NOT_FOUND) => Err(missing()),
            (Err(refusal), _) => Err(refusal),
        }
    }

    /// Who keeps an operation that the caller may know of, and what was heard of it. Its first event may be on its way: then the
    /// service that is named is asked, or all of them.
    async fn keeper(
        &self,
        scope: &Scope,
        id: Id,
        service: &str,
    ) -> Result<(String, Option<Known>), Error> {
        match self.store.known(scope, id, service).await {
            Ok(known) => Ok((known.service.clone(), Some(known))),
            Err(missing) if !missing.is(&reason::NOT_FOUND) => Err(missing),
            Err(_) if !service.is_empty() => Ok((service.to_owned(), None)),
            Err(missing) => Ok((self.unheard_of(scope, id, missing).await?, None)),
        }
    }

    /// The service that keeps an operation of which nothing was heard yet; `missing` where none does. Where one cannot be asked, it
    /// may be that one's, which is no reason to say that there is none.
    async fn unheard_of(&self, scope: &Scope, id: Id, missing: Error) -> Result<String, Error> {
        let owners = self.owners.all("", scope.tenant());
        let asked = owners
            .iter()
            .map(|owner| async move { (owner.service(), owner.job(id).await) });
        let mut none = missing;
        for (service, answer) in join_all(asked).await {
            match answer {
                Ok(_) => return Ok(service.to_owned()),
                Err(refusal) if refusal.is(&reason::NOT_FOUND) => {}
                Err(refusal) => none = refusal,
            }
        }
        Err(none)
    }

    /// What is known of an operation; one of which nothing was heard yet is looked for.
    pub(super) async fn known(&self, scope: &Scope, id: Id) -> Result<Known, Error> {
        match self.store.known(scope, id, "").await {
            Err(missing) if missing.is(&reason::NOT_FOUND) => {
                let service = self.unheard_of(scope, id, missing).await?;
                // Whether the caller may know of it is seen there, and it is kept.
                self.fresh(scope, id, &service, None).await?;
                self.store.known(scope, id, "").await
            }
            known => known,
        }
    }

    /// Who keeps an operation that the caller may know of.
    pub(super) async fn owner_of(&self, scope: &Scope, id: Id) -> Result<Owner, Error> {
        let known = self.known(scope, id).await?;
        self.owners.of(&known.service, scope.tenant())
    }

    /// The kinds of work: what services offer now, and what was heard of those that cannot be asked.
    pub(super) async fn kinds(
        &self,
        scope: &Scope,
        ask: ListKindsRequest,
    ) -> Result<ListKindsResponse, Error> {
        let heard = self.store.kinds(scope, ask.service.clone()).await?;
        let mut kinds: BTreeMap<(String, String), OperationKind> = heard
            .into_iter()
            .map(|(service, name)| {
                let kind = OperationKind {
                    service: service.clone(),
                    name: name.clone(),
                    ..Default::default()
                };
                ((service, name), kind)
            })
            .collect();
        let owners = self.owners.all(&ask.service, scope.tenant());
        let asked = owners.iter().map(|owner| async move {
            let kinds = owner.question(jobs::ListKindsRequest::default());
            (
                owner.service(),
                owner.answered(owner.client().list_kinds(kinds).await),
            )
        });
        let mut unreachable = Vec::new();
        for (service, answer) in join_all(asked).await {
            match answer {
                Ok(answer) => kinds.extend(answer.kinds.into_iter().map(|kind| {
                    let key = (service.to_owned(), kind.name.clone());
                    (key, convert::schedule::kind(service, kind))
                })),
                Err(refusal) if is_away(&refusal) => unreachable.push(service.to_owned()),
                Err(error) => return Err(error),
            }
        }
        let size = usize::from(convert::size(ask.page_size, self.config.page_size));
        let shape = db::page::Shape::of("operation kinds", &ask.service);
        let after: Option<(String, String)> = shape.key(&ask.page_token)?;
        let rest = kinds.into_iter();
        let rest = rest.filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
        let page = db::Page::cut(rest.take(size + 1).collect(), size, shape, |(key, _)| {
            key.clone()
        });
        Ok(ListKindsResponse {
            kinds: page.items.into_iter().map(|(_, kind)| kind).collect(),
            next_page_token: page.next,
            unreachable,
        })
    }
}

async fn details(owner: &Owner, id: Id) -> Result<OperationDetails, Error> {
    let (states, steps, checkpoints) = tokio::try_join!(
        states(owner, id, DETAILS, String::new()),
        steps(owner, id, DETAILS, String::new()),
        checkpoints(owner, id, DETAILS, String::new()),
    )?;
    Ok(OperationDetails {
        states: states.states.into_iter().map(history::state).collect(),
        states_page_token: states.next_page_token,
        steps: steps.steps.into_iter().map(history::step).collect(),
        steps_page_token: steps.next_page_token,
        checkpoints: checkpoints
            .checkpoints
            .into_iter()
            .map(history::checkpoint)
            .collect(),
        checkpoints_page_token: checkpoints.next_page_token,
    })
}

/// A page of transitions.
pub(super) async fn states(
    owner: &Owner,
    id: Id,
    size: u16,
    token: String,
) -> Result<jobs::ListStatesResponse, Error> {
    let ask = jobs::ListStatesRequest {
        job_id: id.to_string(),
        page_size: size.into(),
        page_token: token,
        ..Default::default()
    };
    owner.answered(owner.client().list_states(owner.question(ask)).await)
}

/// A page of steps.
pub(super) async fn steps(
    owner: &Owner,
    id: Id,
    size: u16,
    token: String,
) -> Result<jobs::ListStepsResponse, Error> {
    let ask = jobs::ListStepsRequest {
        job_id: id.to_string(),
        page_size: size.into(),
        page_token: token,
        ..Default::default()
    };
    owner.answered(owner.client().list_steps(owner.question(ask)).await)
}

/// A page of checkpoints.
pub(super) async fn checkpoints(
    owner: &Owner,
    id: Id,
    size: u16,
    token: String,
) -> Result<jobs::ListCheckpointsResponse, Error> {
    let ask = jobs::ListCheckpointsRequest {
        job_id: id.to_string(),
        page_size: size.into(),
        page_token: token,
        ..Default::default()
    };
    owner.answered(owner.client().list_checkpoints(owner.question(ask)).await)
}
