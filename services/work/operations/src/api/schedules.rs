//! Schedules: they are where their work is, so each list asks one service after the other.

use super::{Api, command::cleared};
use crate::{
    calls::{Owner, is_away},
    convert::{self, request, schedule},
    model::audit::{Action, AuditEntry, Outcome, Subject},
    model::clearance::Level,
    store::clearance,
};
use auth::Scope;
use db::page::Shape;
use error::{Error, Result};
use proto::tessera::jobs::v1 as jobs;
use proto_work::tessera::operations::v1::{
    DeleteScheduleRequest, ListSchedulesRequest, ListSchedulesResponse, Operation,
    RunScheduleRequest, UpdateScheduleRequest,
};
use serde_json::{Value, json};
use value::Id;

impl Api {
    /// One schedule that the caller may know of.
    pub(super) async fn schedule(
        &self,
        scope: &Scope,
        service: &str,
        id: Id,
    ) -> Result<jobs::Schedule> {
        let owner = self.owners.of(service, scope.tenant())?;
        let ask = jobs::GetScheduleRequest {
            schedule_id: id.to_string(),
            ..Default::default()
        };
        let found = owner.answered(owner.client().get_schedule(owner.question(ask)).await)?;
        match clearance(scope).covers(Level::of(found.security_level)) {
            true => Ok(found),
            false => Err(Error::not_found("schedule", id)),
        }
    }

    /// A page of schedules. Those above the caller's clearance are left out, so it may be short.
    pub(super) async fn schedules(
        &self,
        scope: &Scope,
        ask: ListSchedulesRequest,
    ) -> Result<ListSchedulesResponse> {
        let size = usize::from(convert::size(ask.page_size, self.config.page_size));
        let shape = Shape::of("schedules", &ask.service);
        let mut after: Option<(String, String)> = shape.key(&ask.page_token)?;
        let mut page = ListSchedulesResponse::default();
        for owner in self.owners.all(&ask.service, scope.tenant()) {
            let token = match &after {
                Some((service, _)) if owner.service() < service.as_str() => continue,
                Some((service, token)) if owner.service() == service => token.clone(),
                _ => String::new(),
            };
            after = None;
            let left = size.saturating_sub(page.schedules.len());
            if left == 0 {
                page.next_page_token = shape.token(&(owner.service(), ""));
                break;
            }
            let list = jobs::ListSchedulesRequest {
                page_size: i32::try_from(left).unwrap_or(i32::MAX),
                page_token: token,
                ..Default::default()
            };
            let list = owner.client().list_schedules(owner.question(list)).await;
            match owner.answered(list) {
                Ok(found) => {
                    let cleared = clearance(scope);
                    let known = found.schedules.into_iter();
                    let known = known.filter(|one| cleared.covers(Level::of(one.security_level)));
                    page.schedules.extend(known.map(schedule::render));
                    if !found.next_page_token.is_empty() {
                        let key = (owner.service(), found.next_page_token);
                        page.next_page_token = shape.token(&key);
                        break;
                    }
                }
                Err(refusal) if is_away(&refusal) => {
                    page.unreachable.push(owner.service().to_owned());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    /// Has a service make a schedule.
    pub(super) async fn create_schedule_of(
        &self,
        scope: &Scope,
        ask: jobs::CreateScheduleRequest,
    ) -> Result<jobs::Schedule> {
        let new = ask.schedule.clone().unwrap_or_default();
        cleared(scope, request::level(new.security_level))?;
        let detail = json!({"name": new.name, "kind": new.kind, "cron": new.cron});
        let entry = self.schedule_entry(scope, Action::CreateSchedule, &new, detail)?;
        let service = ask.service.clone();
        let create = async move |owner: Owner| {
            owner.done(owner.client().create_schedule(owner.order(ask)).await)
        };
        self.audited_schedule(scope, &service, entry, create).await
    }

    /// Has its service change a schedule.
    pub(super) async fn change_schedule(
        &self,
        scope: &Scope,
        ask: UpdateScheduleRequest,
    ) -> Result<jobs::Schedule> {
        let (service, id) = schedule::named(ask.schedule.as_ref())?;
        let old = self.schedule(scope, &service, id).await?;
        let ask = schedule::update(ask, &old)?;
        let new = ask.schedule.clone().unwrap_or_default();
        let named = ask.update_mask.clone().unwrap_or_default().paths;
        if named.iter().any(|path| path == "security_level") {
            cleared(scope, request::level(new.security_level))?;
        }
        let detail = json!({"fields": named, "etag": ask.etag});
        let entry = self.schedule_entry(scope, Action::UpdateSchedule, &old, detail)?;
        let update = async move |owner: Owner| {
            owner.done(owner.client().update_schedule(owner.order(ask)).await)
        };
        self.audited_schedule(scope, &service, entry, update).await
    }

    /// Has its service delete a schedule.
    pub(super) async fn delete_schedule_of(
        &self,
        scope: &Scope,
        id: Id,
        ask: DeleteScheduleRequest,
    ) -> Result<()> {
        let old = self.schedule(scope, &ask.service, id).await?;
        let detail = json!({"name": old.name});
        let entry = self.schedule_entry(scope, Action::DeleteSchedule, &old, detail)?;
        let gone = old.clone();
        let delete = async move |owner: Owner| {
            let ask = jobs::DeleteScheduleRequest {
                schedule_id: ask.id,
                etag: ask.etag,
                ..Default::default()
            };
            owner.done(owner.client().delete_schedule(owner.order(ask)).await)?;
            Ok(gone)
        };
        self.audited_schedule(scope, &old.service, entry, delete)
            .await?;
        Ok(())
    }

    /// Has a service begin the work of a schedule now. Two entries tell of it: the schedule's and the operation's.
    pub(super) async fn run_schedule_of(
        &self,
        scope: &Scope,
        id: Id,
        ask: RunScheduleRequest,
    ) -> Result<Operation> {
        let schedule = self.schedule(scope, &ask.service, id).await?;
        let detail = json!({"name": schedule.name, "kind": schedule.kind});
        let entry = self.schedule_entry(scope, Action::RunSchedule, &schedule, detail)?;
        self.store.audit_ask(scope, entry.clone()).await?;
        let submission = schedule::submission(&schedule, ask.request_id);
        let begun = self.create(scope, submission).await;
        self.finish(scope, entry, begun.as_ref().err(), None).await;
        begun
    }

    async fn audited_schedule<F, A>(
        &self,
        scope: &Scope,
        service: &str,
        mut entry: AuditEntry,
        ask: F,
    ) -> Result<jobs::Schedule>
    where
        F: FnOnce(Owner) -> A + Send,
        A: Future<Output = Result<jobs::Schedule>> + Send,
    {
        self.store.audit_ask(scope, entry.clone()).await?;
        let asked = match self.owners.of(service, scope.tenant()) {
            Ok(owner) => ask(owner).await,
            Err(away) => Err(away),
        };
        if let (Subject::New, Ok(made)) = (entry.subject, &asked) {
            entry.subject =
                Subject::Schedule(convert::id("id", &made.id).map_err(Error::internal)?);
        }
        self.finish(scope, entry, asked.as_ref().err(), None).await;
        asked
    }

    fn schedule_entry(
        &self,
        scope: &Scope,
        action: Action,
        schedule: &jobs::Schedule,
        detail: Value,
    ) -> Result<AuditEntry> {
        let subject = match convert::id_of("id", &schedule.id)? {
            Some(id) => Subject::Schedule(id),
            None => Subject::New,
        };
        Ok(AuditEntry {
            id: Id::new(),
            subject,
            service: schedule.service.clone(),
            level: Level::of(schedule.security_level),
            actor: scope.actor(),
            action,
            detail,
            outcome: Outcome::Asked,
            at: self.store.now(),
        })
    }
}
