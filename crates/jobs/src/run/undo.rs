//! Undoing one step.

use super::{Core, Stop};
use crate::store::{StepRow, Undone};
use db::{Conn, Failure};
use error::Error;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use value::Id;

type Effect = Arc<dyn Fn(&mut Conn) -> Result<(), Failure> + Send + Sync>;

/// A step that is to be undone.
pub struct Undo {
    pub(crate) core: Core,
    pub(crate) step: StepRow,
    pub(crate) to_seq: i64,
    /// Whether its end is recorded already.
    pub(crate) recorded: bool,
}

impl Undo {
    /// The compensation, by the name that the step gave it.
    pub fn name(&self) -> &str {
        let StepRow { undo_name, .. } = &self.step;
        undo_name
    }

    /// The job.
    pub fn job(&self) -> Id {
        self.step.job_id
    }

    /// Whose it is.
    pub fn tenant(&self) -> Id {
        self.step.tenant
    }

    /// The step's place.
    pub fn seq(&self) -> i64 {
        self.step.seq
    }

    /// Up to which step effects stay: 0 where all are to go.
    pub fn to_seq(&self) -> i64 {
        self.to_seq
    }

    /// Says that the effect stays, and why: no other try would help.
    ///
    /// # Errors
    /// Only what ends the run.
    pub async fn stays(&mut self, why: impl Into<String>) -> Result<(), Stop> {
        let stays = Undone::Stays(why.into());
        let told = vec![(self.step.seq, self.step.name.clone(), stays)];
        let (store, lease) = (self.core.store(), self.core.lease);
        self.core
            .insist(|| store.undone(lease, told.clone(), None))
            .await?;
        self.recorded = true;
        Ok(())
    }

    /// A key that is the same in every try of this compensation.
    pub fn key(&self) -> String {
        format!("{}:{}:undo", self.step.job_id, self.step.seq)
    }

    /// What the step left for it.
    ///
    /// # Errors
    /// If that is of another type.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let input = self.step.undo_input.clone().unwrap_or_default();
        input.read().map_err(Error::internal)
    }

    /// What the step gave; none where nobody heard of its end.
    ///
    /// # Errors
    /// If that is of another type.
    pub fn output<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        let output = self.step.output.as_ref();
        output
            .map(|output| output.read().map_err(Error::internal))
            .transpose()
    }

    /// Undoes something in the service's own database; that and its record are one transaction, so it is done exactly once.
    ///
    /// # Errors
    /// What the closure refused; or what ends the run.
    pub async fn local<F>(&mut self, work: F) -> Result<(), Stop>
    where
        F: Fn(&mut Conn) -> Result<(), Failure> + Send + Sync + 'static,
    {
        let done = vec![(self.step.seq, self.step.name.clone(), Undone::Done)];
        let (store, lease) = (self.core.store(), self.core.lease);
        let effect: Effect = Arc::new(work);
        self.core
            .insist(|| store.undone(lease, done.clone(), Some(effect.clone())))
            .await?;
        self.recorded = true;
        Ok(())
    }
}

impl std::fmt::Debug for Undo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Undo({} of step {})", self.name(), self.step.seq)
    }
}
