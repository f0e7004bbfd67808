//! Changing operations: what is asked for is written to the audit trail, then the owner is asked as the caller.

use super::Api;
use crate::{
    calls::Owner,
    convert::{history, job, request},
    model::audit::{Action, AuditEntry, Outcome, Subject},
    model::clearance::Level,
    model::entry::Entry,
    reasons::CLEARANCE_TOO_LOW,
    store::{Known, clearance},
};
use auth::Scope;
use error::{Error, Result, reason};
use proto::tessera::jobs::v1 as jobs;
use proto_work::tessera::operations::v1::{Checkpoint, CreateCheckpointRequest, Operation};
use serde_json::{Value, json};
use value::Id;

impl Api {
    /// Has an owner change an operation.
    pub(super) async fn command<F, A>(
        &self,
        scope: &Scope,
        id: Id,
        action: Action,
        detail: Value,
        ask: F,
    ) -> Result<Operation>
    where
        F: FnOnce(Owner) -> A + Send,
        A: Future<Output = Result<jobs::Job>> + Send,
    {
        let known = self.known(scope, id).await?;
        let entry = self.entry(scope, &known, action, detail);
        let job = self.audited(scope, &known.service, entry, ask).await?;
        self.bell.ring(id);
        Ok(job::operation(job))
    }

    /// Begins work by hand.
    pub(super) async fn create(
        &self,
        scope: &Scope,
        ask: jobs::SubmitJobRequest,
    ) -> Result<Operation> {
        let level = request::level(ask.security_level);
        cleared(scope, level)?;
        let entry = AuditEntry {
            id: Id::new(),
            subject: Subject::New,
            service: ask.service.clone(),
            level,
            actor: scope.actor(),
            action: Action::Create,
            detail: json!({"kind": ask.kind, "title": ask.title}),
            outcome: Outcome::Asked,
            at: self.store.now(),
        };
        let service = ask.service.clone();
        let submit =
            async move |owner: Owner| owner.done(owner.client().submit_job(owner.order(ask)).await);
        let job = self.audited(scope, &service, entry, submit).await?;
        Ok(job::operation(job))
    }

    /// Changes how an operation is classified.
    pub(super) async fn classify(
        &self,
        scope: &Scope,
        id: Id,
        mut ask: jobs::ClassifyJobRequest,
        reason: String,
    ) -> Result<Operation> {
        let named = ask.update_mask.clone().unwrap_or_default().paths;
        let mut detail = json!({"reason": reason});
        if named.iter().any(|path| path == "security_level") {
            cleared(scope, request::level(ask.security_level))?;
            detail["security_level"] = json!(ask.security_level().as_str_name());
        }
        if named.iter().any(|path| path == "compliance_tags") {
            detail["compliance_tags"] = json!(ask.compliance_tags);
        }
        ask.job_id = id.to_string();
        let classify = async move |owner: Owner| {
            owner.done(owner.client().classify_job(owner.order(ask)).await)
        };
        self.command(scope, id, Action::Update, detail, classify)
            .await
    }

    /// Deletes an operation that has ended.
    pub(super) async fn delete(&self, scope: &Scope, id: Id, etag: String) -> Result<()> {
        let known = self.known(scope, id).await?;
        let entry = self.entry(scope, &known, Action::Delete, json!({}));
        self.store.audit_ask(scope, entry.clone()).await?;
        let asked = match self.owners.of(&known.service, scope.tenant()) {
            Ok(owner) => {
                let ask = jobs::DeleteJobRequest {
                    job_id: id.to_string(),
                    etag,
                    ..Default::default()
                };
                owner.done(owner.client().delete_job(owner.order(ask)).await)
            }
            Err(away) => Err(away),
        };
        self.finish(scope, entry, asked.as_ref().err(), None).await;
        match asked {
            Ok(_) => {}
            Err(gone) if gone.is(&reason::NOT_FOUND) => {}
            Err(refusal) => return Err(refusal),
        }
        self.store.forget(scope, known).await?;
        self.bell.ring(id);
        Ok(())
    }

    /// Saves where an operation is.
    pub(super) async fn checkpoint(
        &self,
        scope: &Scope,
        id: Id,
        ask: CreateCheckpointRequest,
    ) -> Result<Checkpoint> {
        let known = self.known(scope, id).await?;
        let detail = json!({"name": ask.name, "type": ask.r#type().as_str_name()});
        let entry = self.entry(scope, &known, Action::Checkpoint, detail);
        self.store.audit_ask(scope, entry.clone()).await?;
        let made = match self.owners.of(&known.service, scope.tenant()) {
            Ok(owner) => {
                let ask = jobs::CreateCheckpointRequest {
                    job_id: ask.id,
                    r#type: ask.r#type,
                    name: ask.name,
                    keep: ask.keep,
                    request_id: ask.request_id,
                    ..Default::default()
                };
                owner.done(owner.client().create_checkpoint(owner.order(ask)).await)
            }
            Err(away) => Err(away),
        };
        self.finish(scope, entry, made.as_ref().err(), None).await;
        made.map(history::checkpoint)
    }

    /// Asks an owner for a change of a job, between the two halves of its entry in the audit trail.
    async fn audited<F, A>(
        &self,
        scope: &Scope,
        service: &str,
        mut entry: AuditEntry,
        ask: F,
    ) -> Result<jobs::Job>
    where
        F: FnOnce(Owner) -> A + Send,
        A: Future<Output = Result<jobs::Job>> + Send,
    {
        self.store.audit_ask(scope, entry.clone()).await?;
        let asked = match self.owners.of(service, scope.tenant()) {
            Ok(owner) => ask(owner).await,
            Err(away) => Err(away),
        };
        let kept = match &asked {
            Ok(job) => Some(job::entry(scope.tenant(), job.clone()).map_err(Error::internal)?),
            Err(_) => None,
        };
        if let (Subject::New, Some(kept)) = (entry.subject, &kept) {
            entry.subject = Subject::Operation(kept.id);
        }
        self.finish(scope, entry, asked.as_ref().err(), kept).await;
        asked
    }

    /// Notes how a change ended. It has ended all the same if that cannot be written: then its entry goes on saying that
    /// it was asked for.
    pub(super) async fn finish(
        &self,
        scope: &Scope,
        mut entry: AuditEntry,
        refusal: Option<&Error>,
        answered: Option<Entry>,
    ) {
        entry.outcome = match refusal {
            None => Outcome::Done,
            Some(late) if late.is(&reason::DEADLINE_EXCEEDED) => Outcome::Asked,
            Some(refusal) => Outcome::Refused(refusal.reason().to_owned()),
        };
        let id = entry.id;
        if let Err(failure) = self.store.audit_finish(scope, entry, answered).await {
            tracing::warn!(entry = %id, %failure, "the outcome of a change is missing in the audit trail");
        }
    }

    fn entry(&self, scope: &Scope, known: &Known, action: Action, detail: Value) -> AuditEntry {
        AuditEntry {
            id: Id::new(),
            subject: Subject::Operation(known.id),
            service: known.service.clone(),
            level: known.level,
            actor: scope.actor(),
            action,
            detail,
            outcome: Outcome::Asked,
            at: self.store.now(),
        }
    }
}

/// Fails where a thing would be more secret than its maker may see.
pub(super) fn cleared(scope: &Scope, level: Level) -> Result<()> {
    if clearance(scope).covers(level) {
        return Ok(());
    }
    let permission = level.permission().unwrap_or_default();
    let words = format!("the permission {permission} is needed for this security level");
    Err(Error::new(&CLEARANCE_TOO_LOW, words).with_metadata("permission", permission))
}
