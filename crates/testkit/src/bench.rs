//! One service alone, as it runs in production but for its neighbours.

use crate::{Backend, callers::Callers};
use auth::{Authority, Principal, Scope};
use db::{Databases, Db};
use proto::MethodTable;
use rpc::{
    Channel, Clients, Context, Faults, Guards, Inbound, Outbound, Owners, Peer, Running, Service,
    Shutdown, Supervisor, Target,
};
use std::{marker::PhantomData, sync::Arc, time::Duration};
use tonic::service::Routes;
use value::{Clock, Id, ManualClock, SystemClock};

/// A running service with callers of every kind. Dropping it stops the service.
pub struct Bench<S: Service> {
    service: PhantomData<fn() -> S>,
    inbound: Inbound,
    outbound: Arc<Outbound>,
    callers: Callers,
    admin: (Principal, Channel),
    stranger: (Principal, Channel),
    db: Db,
    databases: Databases,
    clock: Arc<ManualClock>,
    shutdown: Shutdown,
    supervisor: Option<Supervisor>,
    backend: Backend,
    owners: Owners,
    jobs: jobs::Jobs,
}

/// Sets up a [`Bench`].
pub struct BenchBuilder<S: Service> {
    config: S::Config,
    fakes: Vec<(&'static str, Routes)>,
    owners: Vec<(&'static str, Option<Routes>)>,
    caches: cache::CacheConfig,
    backend: Backend,
}

impl<S: Service> Bench<S> {
    /// The service with its default settings and no neighbours.
    pub async fn on(backend: Backend) -> Self {
        Self::builder(backend).start().await
    }

    /// The service with other settings, or with neighbours.
    pub fn builder(backend: Backend) -> BenchBuilder<S> {
        BenchBuilder {
            config: S::Config::default(),
            fakes: Vec::new(),
            owners: Vec::new(),
            caches: cache::CacheConfig::default(),
            backend,
        }
    }

    /// An end user who may do everything in the bench's tenant.
    pub fn admin(&self) -> Channel {
        self.admin.1.clone()
    }

    /// An end user who may do everything in another tenant.
    pub fn stranger(&self) -> Channel {
        self.stranger.1.clone()
    }

    /// An end user without a token.
    pub fn anonymous(&self) -> Channel {
        self.seen_by(Peer::Edge)
    }

    /// An end user of the bench's tenant with these permissions only.
    pub fn with_permissions(&self, permissions: &[&str]) -> Channel {
        let (_, token) = self.callers.add("someone", self.tenant(), permissions);
        self.with_token(&token)
    }

    /// An end user of the bench's tenant with these permissions only, who sees of the entities named no
    /// more than the rows for which the condition holds: `&[("policy", "region = 'North'")]`. Conditions
    /// on one entity are OR-ed.
    pub fn with_row_filters(&self, permissions: &[&str], filters: &[(&str, &str)]) -> Channel {
        let (_, token) = self
            .callers
            .add_filtered("someone", self.tenant(), permissions, filters);
        self.with_token(&token)
    }

    /// An end user with a token that the service itself gave out.
    ///
    /// # Panics
    /// If the token cannot stand in a header.
    pub fn with_token(&self, token: &str) -> Channel {
        self.anonymous()
            .with_token(token)
            .expect("a token is a header value")
    }

    /// Another process of the installation, on nobody's behalf: may call internal methods.
    pub fn process(&self) -> Channel {
        self.seen_by(Peer::Local)
    }

    /// Another process of the installation, on behalf of the administrator.
    pub fn process_for_admin(&self) -> Channel {
        let (_, token) = self.callers.admin("admin", self.tenant());
        self.process()
            .with_token(&token)
            .expect("a token is a header value")
    }

    /// Another process of the installation, on behalf of an end user as of [`Bench::with_row_filters`].
    ///
    /// # Panics
    /// Never: a token of the bench can stand in a header.
    pub fn process_with_row_filters(
        &self,
        permissions: &[&str],
        filters: &[(&str, &str)],
    ) -> Channel {
        let (_, token) = self
            .callers
            .add_filtered("someone", self.tenant(), permissions, filters);
        self.process()
            .with_token(&token)
            .expect("a token is a header value")
    }

    /// The tenant of all callers but the stranger.
    pub fn tenant(&self) -> Id {
        self.admin.0.tenant
    }

    /// The tenant of the stranger.
    pub fn other_tenant(&self) -> Id {
        self.stranger.0.tenant
    }

    /// Who [`Bench::admin`] is.
    pub fn admin_principal(&self) -> &Principal {
        &self.admin.0
    }

    /// A scope over the bench's tenant, for tests of the store.
    pub fn scope(&self) -> Scope {
        Scope::system(self.tenant(), "test")
    }

    /// The service's database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The service's durable work.
    pub fn jobs(&self) -> &jobs::Jobs {
        &self.jobs
    }

    /// The service's clock; it stands still until the test moves it.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// A folder for files; the service's own is below it.
    pub fn folder(&self) -> &std::path::Path {
        self.backend.folder()
    }

    /// The channel to a neighbour that keeps durable work; a test may point it elsewhere, or nowhere.
    ///
    /// # Panics
    /// If the bench has no such neighbour.
    pub fn owner(&self, service: &str) -> Channel {
        self.owners
            .channel(service)
            .expect("a neighbour of the bench")
    }

    /// The faults between the callers and the service.
    pub fn faults(&self) -> &Faults {
        self.outbound.faults()
    }

    /// For a service that gives the policy: takes over what it says now.
    ///
    /// # Panics
    /// If the service does not say.
    pub async fn refresh_policy(&self) {
        self.callers
            .refresh()
            .await
            .expect("the service gives its policy");
    }

    /// Where the tables differ from the migrations; empty when they agree.
    ///
    /// # Panics
    /// If the database cannot be asked.
    pub async fn drift(&self) -> Vec<db::migrate::Difference> {
        let migrator = self
            .databases
            .migrator(S::MIGRATIONS)
            .expect("migrations are sound");
        blocking(move || migrator.drift())
            .await
            .expect("the database answers")
    }

    fn seen_by(&self, peer: Peer) -> Channel {
        channel::<S>(&self.outbound, &self.inbound, peer)
    }
}

impl<S: Service> BenchBuilder<S> {
    /// Other settings than the default.
    #[must_use]
    pub fn config(mut self, config: S::Config) -> Self {
        self.config = config;
        self
    }

    /// A neighbour that the service calls, played by these routes behind the usual guards.
    #[must_use]
    pub fn fake(mut self, service: &'static str, routes: Routes) -> Self {
        self.fakes.push((service, routes));
        self
    }

    /// A neighbour that keeps durable work, played by these routes; without routes it is away.
    #[must_use]
    pub fn owner(mut self, service: &'static str, routes: Option<Routes>) -> Self {
        self.owners.push((service, routes));
        self
    }

    /// What the service keeps for a while is kept as these settings say, and not in memory alone.
    #[must_use]
    pub fn caches(mut self, settings: cache::CacheConfig) -> Self {
        self.caches = settings;
        self
    }

    /// Starts the service on a migrated database.
    ///
    /// # Panics
    /// If anything of it fails: a bench without its service proves nothing.
    pub async fn start(self) -> Bench<S> {
        let backend = self.backend;
        let databases =
            Databases::open(&backend.storage()).expect("the database's settings are sound");
        let migrator = databases
            .migrator(S::MIGRATIONS)
            .expect("migrations are sound");
        blocking(move || migrator.up(db::migrate::Steps::All))
            .await
            .expect("migrations apply");
        let db = databases.service(S::NAME).expect("the database opens");

        let contracts = [
            &proto::CONTRACTS,
            &proto_platform::CONTRACTS,
            &proto_meaning::CONTRACTS,
            &proto_data::CONTRACTS,
            &proto_numbers::CONTRACTS,
            &proto_work::CONTRACTS,
        ];
        let methods = Arc::new(MethodTable::new(contracts));
        let callers = Callers::new();
        let guards = Guards::builder(&methods, callers.authority.clone()).build();
        let outbound = Outbound::builder(methods).build();
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let shutdown = Shutdown::new();

        let mut fakes = self.fakes;
        let neighbours = S::CALLS.iter().map(|name| {
            let channel = Channel::new(*name, outbound.clone(), rpc::Behalf::Service);
            if let Some(at) = fakes.iter().position(|(fake, _)| fake == name) {
                let (_, routes) = fakes.remove(at);
                channel.point_to(Target::Local(Inbound::new(guards.clone(), routes)));
            }
            (*name, channel)
        });
        let clients = Clients::new(neighbours.collect::<Vec<_>>());
        assert!(
            fakes.is_empty(),
            "{} does not call {:?}",
            S::NAME,
            fakes.first().map(|(name, _)| name)
        );

        let owners = Owners::new(self.owners.into_iter().map(|(name, routes)| {
            let channel = Channel::new(name, outbound.clone(), rpc::Behalf::Service);
            if let Some(routes) = routes {
                channel.point_to(Target::Local(Inbound::new(guards.clone(), routes)));
            }
            (name, channel)
        }));

        let descriptors = contracts
            .iter()
            .map(|contracts| contracts.descriptors)
            .collect();
        let quick = jobs::Config {
            poll: config::Span::from_millis(20),
            ..jobs::Config::default()
        };
        let jobs = jobs::Jobs::new(db.clone(), quick);
        let context = Context {
            config: self.config,
            db: db.clone(),
            clients,
            owners: owners.clone(),
            bus: bus::Bus::new(Arc::new(crate::nowhere::Nowhere)),
            jobs: jobs.clone(),
            caches: cache::Caches::open(&self.caches, clock.clone())
                .expect("the cache's settings are sound"),
            descriptors,
            // A service that gives the policy fills an authority of its own: the guards' holds the
            // bench's people too.
            authority: Arc::new(Authority::new(auth::Config::default(), clock.clone())),
            clock: clock.clone(),
            shutdown: shutdown.clone(),
            data_dir: backend.folder().to_owned(),
        };
        let running: Running = S::start(context).await.expect("the service starts");
        let parts = running.into_parts();
        let mut supervisor = Supervisor::new();
        let durable = jobs::Contract::new();
        jobs.offer(parts.jobs);
        durable.add(jobs.clone());
        let mut tasks = parts.tasks;
        tasks.push(rpc::Task::jobs(jobs.clone(), &shutdown));
        supervisor.start(S::NAME, tasks, &shutdown);
        callers.listen_to(parts.policy);
        callers
            .refresh()
            .await
            .expect("the service gives its policy");

        let inbound = Inbound::new(guards, rpc::merge([parts.routes, durable.routes()]));
        let end_user = |(principal, token): (Principal, String)| {
            let channel = channel::<S>(&outbound, &inbound, Peer::Edge);
            (
                principal,
                channel
                    .with_token(&token)
                    .expect("a token is a header value"),
            )
        };
        let admin = end_user(callers.admin("admin", Id::new()));
        let stranger = end_user(callers.admin("stranger", Id::new()));
        Bench {
            service: PhantomData,
            inbound,
            outbound,
            callers,
            admin,
            stranger,
            db,
            databases,
            clock,
            shutdown,
            supervisor: Some(supervisor),
            backend,
            owners,
            jobs,
        }
    }
}

impl<S: Service> Bench<S> {
    /// Stops the service as a process would, and waits for its background work; true if it ended by itself.
    pub async fn stop(mut self) -> bool {
        self.shutdown.begin();
        match self.supervisor.take() {
            Some(supervisor) => supervisor.drain(Duration::from_secs(10)).await,
            None => true,
        }
    }
}

impl<S: Service> Drop for Bench<S> {
    fn drop(&mut self) {
        self.shutdown.begin();
        // Background work is cut, so that it does not run on in a database that is gone.
        self.supervisor.take();
        self.backend.remove(S::NAME, S::MIGRATIONS.zone);
    }
}

fn channel<S: Service>(outbound: &Arc<Outbound>, inbound: &Inbound, peer: Peer) -> Channel {
    Channel::local(S::NAME, outbound.clone(), inbound.seen_by(peer))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work)
        .await
        .expect("blocking work does not panic")
}
