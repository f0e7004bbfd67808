//! What is submitted, and who does something to a job and why.

use crate::model::record::Origin;
use auth::{Caller, Scope};
use value::{Id, Time};

/// A job to be done.
#[derive(Debug, Clone)]
pub struct Submission<I> {
    /// What it is given.
    pub input: I,
    /// Its id, where it is the id of something else too.
    pub id: Option<Id>,
    /// What it is, in words; empty is the kind's own title.
    pub title: String,
    /// Of those that wait the higher goes first.
    pub priority: i32,
    /// When it shall begin at the earliest; none is now.
    pub due: Option<Time>,
    /// How secret it is: 1 internal, 2 confidential, 3 restricted.
    pub security_level: i32,
    /// Rules of compliance it falls under.
    pub compliance_tags: Vec<String>,
    /// What belongs together across services; empty: the job's own id.
    pub correlation_id: String,
    /// No two jobs of a kind and tenant with the same key run at once; empty asks nothing.
    pub concurrency_key: String,
    /// Names the request: a second submission of the same kind with it gives the job of the first.
    pub request_id: String,
}

impl<I> Submission<I> {
    /// A usual job with this input, which belongs to what the running task's work belongs to.
    pub fn new(input: I) -> Self {
        Self {
            input,
            id: None,
            title: String::new(),
            priority: 0,
            due: None,
            security_level: 1,
            compliance_tags: Vec::new(),
            correlation_id: db::origin::current()
                .and_then(|origin| origin.correlation())
                .unwrap_or_default(),
            concurrency_key: String::new(),
            request_id: String::new(),
        }
    }

    pub(crate) fn map<O>(self, input: impl FnOnce(I) -> O) -> Submission<O> {
        Submission {
            input: input(self.input),
            id: self.id,
            title: self.title,
            priority: self.priority,
            due: self.due,
            security_level: self.security_level,
            compliance_tags: self.compliance_tags,
            correlation_id: self.correlation_id,
            concurrency_key: self.concurrency_key,
            request_id: self.request_id,
        }
    }
}

/// Who does something to a job, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// `user:<id>`, `service:<id>` or `system:<reason>`.
    pub actor: String,
    /// Whether the platform does it by itself.
    pub automatic: bool,
    /// Why, in words.
    pub reason: String,
}

impl By {
    /// The holder of a scope.
    pub fn of(scope: &Scope, reason: impl Into<String>) -> Self {
        Self {
            actor: scope.actor(),
            automatic: scope.caller().is_none(),
            reason: reason.into(),
        }
    }

    /// A caller.
    pub fn caller(caller: &Caller, reason: impl Into<String>) -> Self {
        let principal = &caller.principal;
        Self {
            actor: format!("{}:{}", principal.kind.as_str(), principal.id),
            automatic: false,
            reason: reason.into(),
        }
    }

    /// The platform.
    pub(crate) fn platform(reason: impl Into<String>) -> Self {
        Self {
            actor: "system:jobs".to_owned(),
            automatic: true,
            reason: reason.into(),
        }
    }
}

/// Where a job that is submitted under a scope comes from.
pub(crate) fn origin(scope: &Scope) -> Origin {
    Origin {
        actor: scope.actor(),
        principal: scope.principal().map(|principal| principal.id),
        permissions: scope
            .permissions()
            .map(auth::Permissions::to_vec)
            .unwrap_or_default(),
        ..Origin::default()
    }
}
