//! New jobs.

use super::{By, Record, Store, events, now, turn};
use crate::{
    model::{record::Origin, record::Progress, state::State},
    schema::jobs,
    submission::Submission,
};
use db::{Conn, Failure};
use diesel::prelude::*;
use error::{Error, reason};
use value::{Id, Json};

impl Store {
    /// Puts a job into the queue; where one was put there by the same request, that one.
    pub(crate) fn submit(
        &self,
        c: &mut Conn,
        tenant: Id,
        what: &(String, String),
        (id, submission, origin): (Id, &Submission<Json>, &Origin),
    ) -> Result<Record, Failure> {
        self.submit_child(c, tenant, what, (id, submission, origin), None)
    }

    pub(super) fn submit_child(
        &self,
        c: &mut Conn,
        tenant: Id,
        (kind, title): &(String, String),
        (id, submission, origin): (Id, &Submission<Json>, &Origin),
        parent: Option<(Id, i64)>,
    ) -> Result<Record, Failure> {
        let dedupe = Some(&submission.request_id).filter(|id| !id.is_empty());
        if let Some(dedupe) = dedupe {
            let before: Option<Record> = jobs::table
                .filter(jobs::tenant.eq(tenant))
                .filter(jobs::kind.eq(kind))
                .filter(jobs::dedupe.eq(dedupe))
                .select(Record::as_select())
                .first(c)
                .optional()?;
            if let Some(before) = before {
                if before.input != submission.input {
                    let what = "this request id was used for a job with another input";
                    return Err(Error::new(&reason::REQUEST_ID_REUSED, what).into());
                }
                return Ok(before);
            }
        }
        let now = now(c)?;
        let mut origin = origin.clone();
        origin.not_before = submission.due.filter(|due| *due > now);
        origin
            .compliance_tags
            .clone_from(&submission.compliance_tags);
        origin.correlation_id = match submission.correlation_id.as_str() {
            "" => id.to_string(),
            given => given.to_owned(),
        };
        let title = match submission.title.as_str() {
            "" => title,
            given => given,
        };
        let record = Record {
            tenant,
            id,
            kind: kind.clone(),
            state: State::Queued,
            priority: submission.priority,
            title: title.to_owned(),
            input: submission.input.clone(),
            output: None,
            error: None,
            progress: Json::of(&Progress::default()).map_err(Error::internal)?,
            origin: Json::of(&origin).map_err(Error::internal)?,
            security_level: submission.security_level.clamp(1, 3),
            parent_id: parent.map(|(id, _)| id),
            parent_seq: parent.map(|(_, seq)| seq),
            dedupe: dedupe.cloned(),
            concurrency_key: submission.concurrency_key.clone(),
            wait: None,
            due_at: Some(origin.not_before.unwrap_or(now)),
            lease_owner: None,
            attempts: 0,
            strikes: 0,
            ask: String::new(),
            steps: 0,
            first_step: 1,
            rollback: None,
            announced_at: now,
            state_at: now,
            started_at: None,
            ended_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let by = By {
            automatic: origin.principal.is_none(),
            actor: origin.actor,
            reason: "submitted".to_owned(),
        };
        db::insert_all!(c, jobs::table, std::slice::from_ref(&record))?;
        turn::note(c, &record, None, State::Queued, (&by, now))?;
        events::announce(c, self.service(), &record, None, (&by, now))?;
        Ok(record)
    }
}
