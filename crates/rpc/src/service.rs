//! What a service is to the process that runs it: a name, its settings, and routes, tasks and readiness.

use crate::{
    BoxError, Clients, Owners, Shutdown,
    tasks::{Outcome, Task},
};
use auth::{Authority, PolicySource};
use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use std::{path::PathBuf, sync::Arc};
use tonic::service::Routes;
use value::Clock;

/// One service of the platform. The process starts services in the order of [`Service::CALLS`].
pub trait Service: Sized + Send + Sync + 'static {
    /// The one name: of the crate, the contract, the configuration, the target.
    const NAME: &'static str;
    /// The services it calls; the graph over all services has no cycle.
    const CALLS: &'static [&'static str];
    /// Its tables, for both databases.
    const MIGRATIONS: &'static db::Migrations;
    /// The errors that are its own.
    const REASONS: &'static [&'static error::Reason];
    /// Its section `[services.<name>]`.
    type Config: DeserializeOwned + Serialize + Default + config::Validate + Send + 'static;

    /// Starts the service; it answers calls once the returned routes are mounted.
    fn start(ctx: Context<Self::Config>) -> impl Future<Output = Result<Running, BoxError>> + Send;
}

/// Everything a service gets from its process.
pub struct Context<C> {
    /// The service's own settings, validated.
    pub config: C,
    /// The service's own database, migrated.
    pub db: db::Db,
    /// Channels to the services it declared in [`Service::CALLS`].
    pub clients: Clients,
    /// Channels to whoever keeps durable work, for the one service that shows all of it.
    pub owners: Owners,
    /// The way to `messaging`, for events that belong to no change of state; those that do go through [`bus::publish`].
    pub bus: bus::Bus,
    /// The service's durable work: submit it here, and offer its kinds by [`Running::jobs`].
    pub jobs: jobs::Jobs,
    /// What the service may keep for a while: in its memory, or in the Redis that processes share.
    pub caches: cache::Caches,
    /// The contracts of every service, as descriptor sets.
    pub descriptors: Arc<[&'static [u8]]>,
    /// Who may do what, as this process knows it.
    pub authority: Arc<Authority>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Says when to stop.
    pub shutdown: Shutdown,
    /// The installation's folder; a service writes below `<data_dir>/<name>` only.
    pub data_dir: PathBuf,
}

/// Tells whether a service can do its work now.
pub type Readiness = Arc<dyn Fn() -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// A started service: what the process mounts, runs and asks.
#[derive(Default)]
pub struct Running {
    pub(crate) routes: Routes,
    pub(crate) tasks: Vec<Task>,
    pub(crate) readiness: Vec<Readiness>,
    pub(crate) consumers: Vec<bus::Consumer>,
    pub(crate) jobs: jobs::Kinds,
    pub(crate) policy: Option<Arc<dyn PolicySource>>,
}

impl Running {
    /// A service that answers by these routes.
    pub fn new(routes: Routes) -> Self {
        Self {
            routes,
            ..Self::default()
        }
    }

    /// Adds work that runs beside the calls until it ends by itself or shutdown begins. If it fails
    /// or panics, that is logged and the process is no longer ready; it is not started again.
    #[must_use]
    pub fn task<F>(mut self, name: &'static str, work: F) -> Self
    where
        F: Future + Send + 'static,
        F::Output: Outcome,
    {
        self.tasks.push(Task::once(name, work));
        self
    }

    /// Adds work that is started again, with growing pauses, whenever it fails or panics.
    #[must_use]
    pub fn supervised<W, F>(mut self, name: &'static str, work: W) -> Self
    where
        W: Fn() -> F + Send + 'static,
        F: Future + Send + 'static,
        F::Output: Outcome,
    {
        self.tasks.push(Task::restarting(name, work));
        self
    }

    /// Adds a condition for the service to be ready.
    #[must_use]
    pub fn readiness<W, F>(mut self, check: W) -> Self
    where
        W: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.readiness.push(Arc::new(move || Box::pin(check())));
        self
    }

    /// Adds a consumer of events, which runs beside the calls until shutdown begins.
    #[must_use]
    pub fn consumer(mut self, consumer: bus::Consumer) -> Self {
        self.consumers.push(consumer);
        self
    }

    /// Offers kinds of jobs: the process runs what is submitted of them.
    #[must_use]
    pub fn jobs(mut self, kinds: jobs::Kinds) -> Self {
        self.jobs = kinds;
        self
    }

    /// Makes the service the process's source of policy: only identity does this.
    #[must_use]
    pub fn policy(mut self, source: Arc<dyn PolicySource>) -> Self {
        self.policy = Some(source);
        self
    }

    /// Takes the service apart, for whoever runs it.
    pub fn into_parts(self) -> RunningParts {
        RunningParts {
            routes: self.routes,
            tasks: self.tasks,
            readiness: self.readiness,
            consumers: self.consumers,
            jobs: self.jobs,
            policy: self.policy,
        }
    }
}

/// The parts of a [`Running`] service.
pub struct RunningParts {
    /// Its gRPC routes.
    pub routes: Routes,
    /// Its background work, for [`crate::Supervisor::start`].
    pub tasks: Vec<Task>,
    /// Its conditions for being ready.
    pub readiness: Vec<Readiness>,
    /// Its consumers of events.
    pub consumers: Vec<bus::Consumer>,
    /// The kinds of jobs that it offers.
    pub jobs: jobs::Kinds,
    /// The source of policy, if it is one.
    pub policy: Option<Arc<dyn PolicySource>>,
}
