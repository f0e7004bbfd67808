//! What a service writes: a kind of job, with its run and what undoes its steps.

use crate::{
    model::state::State,
    reasons::{JOB_INPUT, JOB_KIND_UNKNOWN},
    run::{Run, Stop, Undo},
    store::Record,
};
use db::{Conn, Failure};
use error::Error;
use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{collections::BTreeMap, future::Future, sync::Arc};
use value::Json;

/// A kind of job. Between steps the run must be a function of its input, its state and the steps' results: after a crash it runs again.
pub trait Job: Send + Sync + 'static {
    /// Its name, `<service>.<noun>`.
    const KIND: &'static str;
    /// What it does, in words.
    const TITLE: &'static str;
    /// How many run at once in all tenants; 0 is as many as there are workers.
    const LIMIT: i32 = 0;
    /// How many of a tenant run at once; 0 is as many as there are workers.
    const LIMIT_PER_TENANT: i32 = 0;
    /// Whether it may be submitted by hand or by a schedule, with an input of somebody's own.
    const OPEN: bool = false;
    /// Names of what undoes its steps.
    const UNDOES: &'static [&'static str] = &[];
    /// What it is given.
    type Input: Serialize + DeserializeOwned + Send + 'static;
    /// What a checkpoint saves, so that a run can begin there; `()` where it makes none.
    type State: Serialize + DeserializeOwned + Default + Send + 'static;
    /// What it gives.
    type Output: Serialize + DeserializeOwned + Send + 'static;

    /// Does the work. What has an effect, or looks at the world, goes through a step of `run`.
    fn run(
        &self,
        run: &mut Run,
        input: Self::Input,
        state: Self::State,
    ) -> impl Future<Output = Result<Self::Output, Stop>> + Send;

    /// Undoes one step. It may be called twice: what it does is to be the same the second time, or to go through [`Undo::local`].
    fn undo(&self, undo: &mut Undo) -> impl Future<Output = Result<(), Stop>> + Send {
        let name = undo.name().to_owned();
        async move {
            Err(Error::internal(format!("`{}` knows no compensation `{name}`", Self::KIND)).into())
        }
    }

    /// Is told of each transition in its transaction, so that a table of the service's own can follow. It may be run again, and
    /// others may run beside it: rows that it changes it locks first.
    ///
    /// # Errors
    /// A failure undoes the transition.
    fn changed(&self, conn: &mut Conn, change: &Change<'_>) -> Result<(), Failure> {
        let _ = (conn, change);
        Ok(())
    }
}

/// A transition of a job.
#[derive(Debug)]
pub struct Change<'a> {
    /// The job after it.
    pub record: &'a Record,
    /// The state before.
    pub from: State,
    /// Who did it.
    pub actor: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// What a kind says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub kind: &'static str,
    /// What it does.
    pub title: &'static str,
    /// How many run at once.
    pub limit: i32,
    /// How many of a tenant run at once.
    pub limit_per_tenant: i32,
    /// Whether it may be submitted by hand.
    pub open: bool,
    /// Names of what undoes its steps.
    pub undoes: &'static [&'static str],
}

/// A kind without its types.
pub(crate) trait Kind: Send + Sync {
    fn about(&self) -> About;
    fn check(&self, input: &Value) -> Result<(), Error>;
    fn run<'a>(
        &'a self,
        run: &'a mut Run,
        input: Json,
        state: Option<Value>,
    ) -> BoxFuture<'a, Result<Json, Stop>>;
    fn undo<'a>(&'a self, undo: &'a mut Undo) -> BoxFuture<'a, Result<(), Stop>>;
    fn changed(&self, conn: &mut Conn, change: &Change<'_>) -> Result<(), Failure>;
}

impl<J: Job> Kind for J {
    fn about(&self) -> About {
        About {
            kind: J::KIND,
            title: J::TITLE,
            limit: J::LIMIT,
            limit_per_tenant: J::LIMIT_PER_TENANT,
            open: J::OPEN,
            undoes: J::UNDOES,
        }
    }

    fn check(&self, input: &Value) -> Result<(), Error> {
        read::<J::Input>(input).map(drop)
    }

    fn run<'a>(
        &'a self,
        run: &'a mut Run,
        input: Json,
        state: Option<Value>,
    ) -> BoxFuture<'a, Result<Json, Stop>> {
        Box::pin(async move {
            let input = read(&input.0)?;
            let state = match state {
                Some(state) => serde_json::from_value(state).map_err(Error::internal)?,
                None => J::State::default(),
            };
            let output = J::run(self, run, input, state).await?;
            Ok(Json::of(&output).map_err(Error::internal)?)
        })
    }

    fn undo<'a>(&'a self, undo: &'a mut Undo) -> BoxFuture<'a, Result<(), Stop>> {
        Box::pin(J::undo(self, undo))
    }

    fn changed(&self, conn: &mut Conn, change: &Change<'_>) -> Result<(), Failure> {
        J::changed(self, conn, change)
    }
}

fn read<T: DeserializeOwned>(input: &Value) -> Result<T, Error> {
    T::deserialize(input).map_err(|cause| Error::new(&JOB_INPUT, format!("the input: {cause}")))
}

/// The kinds of job that a service offers.
#[derive(Clone, Default)]
pub struct Kinds(Arc<BTreeMap<&'static str, Arc<dyn Kind>>>);

impl Kinds {
    /// No kinds.
    pub fn new() -> Self {
        Self::default()
    }

    /// These kinds and one more.
    #[must_use]
    pub fn with<J: Job>(self, job: J) -> Self {
        let mut kinds = BTreeMap::clone(&self.0);
        kinds.insert(J::KIND, Arc::new(job));
        Self(Arc::new(kinds))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What each says of itself, by name.
    pub fn about(&self) -> Vec<About> {
        self.0.values().map(|kind| kind.about()).collect()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<dyn Kind>> {
        self.0.get(name).cloned()
    }

    pub(crate) fn get(&self, name: &str) -> Result<Arc<dyn Kind>, Error> {
        self.find(name).ok_or_else(|| {
            let known: Vec<_> = self.0.keys().copied().collect();
            let known = known.join(", ");
            Error::new(
                &JOB_KIND_UNKNOWN,
                format!("there is no kind `{name}` of jobs here; there are: {known}"),
            )
        })
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
}

impl std::fmt::Debug for Kinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
