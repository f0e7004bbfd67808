//! A service that keeps jobs, in memory: what it has, and what tests do with that.

use proto::tessera::jobs::v1::{
    Checkpoint, Job, JobState, Schedule, StateChange, jobs_service_server::JobsServiceServer,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};
use tonic::{Request, Status, service::Routes};

/// There is none with this id.
pub(super) fn missing(id: &str) -> Status {
    error::Error::not_found("job", id).into()
}

/// A service that keeps jobs in memory.
#[derive(Clone, Default)]
pub(in crate::tests) struct Owner(Arc<Mutex<State>>);

/// What it keeps.
#[derive(Default)]
pub(super) struct State {
    pub(super) jobs: BTreeMap<String, Job>,
    pub(super) steps: i64,
    pub(super) states: Vec<StateChange>,
    /// Checkpoints, and by which request each was made.
    pub(super) checkpoints: Vec<(String, Checkpoint)>,
    pub(super) schedules: BTreeMap<String, Schedule>,
    /// What was asked for, and for whom.
    pub(super) heard: Vec<(String, String)>,
}

impl Owner {
    pub(in crate::tests) fn routes(&self) -> Routes {
        Routes::new(JobsServiceServer::new(self.clone()))
    }

    /// Has a job from now on.
    pub(in crate::tests) fn put(&self, job: Job) {
        self.state().jobs.insert(job.id.clone(), job);
    }

    /// Has a job no more.
    pub(in crate::tests) fn lose(&self, id: &str) {
        self.state().jobs.remove(id);
    }

    /// Has so many steps of every job.
    pub(in crate::tests) fn steps(&self, count: i64) {
        self.state().steps = count;
    }

    /// Has these transitions of every job.
    pub(in crate::tests) fn states(&self, states: Vec<StateChange>) {
        self.state().states = states;
    }

    /// What was asked for, and as whom.
    pub(in crate::tests) fn heard(&self) -> Vec<(String, String)> {
        self.state().heard.clone()
    }

    /// Changes a job as a worker would; it is newer afterwards.
    pub(in crate::tests) fn change(
        &self,
        id: &str,
        change: impl FnOnce(&mut Job),
    ) -> Result<Job, Status> {
        let mut state = self.state();
        let job = state.jobs.get_mut(id).ok_or_else(|| missing(id))?;
        change(job);
        job.version += 1;
        job.etag = format!("v{}", job.version);
        Ok(job.clone())
    }

    /// What it keeps, locked.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Notes what is asked for, and as whom.
    pub(super) fn hear<T>(&self, what: &str, request: &Request<T>) {
        let who = auth::Caller::of(request).map_or_else(
            |_| "nobody".to_owned(),
            |caller| caller.principal.id.to_string(),
        );
        self.state().heard.push((what.to_owned(), who));
    }

    /// A job of a tenant.
    pub(super) fn of(&self, id: &str, tenant: &str) -> Result<Job, Status> {
        let state = self.state();
        let found = state.jobs.get(id).filter(|job| job.tenant_id == tenant);
        found.cloned().ok_or_else(|| missing(id))
    }

    /// Brings a job into a state where that is allowed.
    pub(super) fn step_into(
        &self,
        id: &str,
        tenant: &str,
        to: JobState,
        allowed: bool,
    ) -> Result<Job, Status> {
        self.of(id, tenant)?;
        if !allowed {
            let refused =
                error::Error::new(&error::reason::FAILED_PRECONDITION, "not in this state");
            return Err(refused.into());
        }
        self.change(id, |job| job.set_state(to))
    }
}

/// Whether a job is over.
pub(super) fn ended(job: &Job) -> bool {
    matches!(
        job.state(),
        JobState::Succeeded | JobState::Failed | JobState::Cancelled | JobState::RolledBack
    )
}
