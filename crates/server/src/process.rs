//! One process of the platform, put together from its settings: a script to be read from top to bottom.

use crate::{
    Entry, Settings, edge, http_server, mesh_key,
    policy::RemotePolicy,
    targets::{self},
};
use auth::{Authority, PolicySource};
use db::{Databases, Db, Keep, migrate::Steps};
use error::reason;
use proto::MethodTable;
use rpc::{
    BoxError, Context, Directory, Guards, Health, Inbound, Limits, Outbound, Owners, Shutdown,
    Supervisor, Task,
};
use std::{
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    sync::Arc,
    time::Duration,
};
use telemetry::Metrics;
use tokio::{net::TcpListener, task::JoinSet};
use value::{Clock, SystemClock};

/// The service that owns the policy.
const POLICY_OWNER: &str = "identity";
/// The service that keeps and delivers messages.
const MESSAGING: &str = "messaging";
/// How often recorded measurements are folded together.
const UPKEEP: Duration = Duration::from_secs(5);
/// How often expired rows of the ground's tables are deleted.
const HOUSEKEEPING: Duration = Duration::from_secs(10 * 60);
/// How long a start waits for another process to give the policy.
const POLICY_PATIENCE: Duration = Duration::from_secs(30);

/// A running process: its listeners, its services, and the way to stop them.
pub struct Process {
    grpc: SocketAddr,
    http: Option<SocketAddr>,
    directory: Closing,
    authority: Arc<Authority>,
    health: Health,
    outbound: Arc<Outbound>,
    shutdown: Shutdown,
    supervisor: Supervisor,
    listeners: JoinSet<Result<(), BoxError>>,
    drain: Duration,
}

/// The directory of a process: it ends with it, however that ends.
struct Closing(Directory);

impl std::ops::Deref for Closing {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        &self.0
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Process {
    /// Starts what the settings name and returns once it answers calls.
    ///
    /// # Errors
    /// If a listener cannot be bound, a database cannot be migrated, or a service does not start.
    pub async fn start(settings: Settings) -> Result<Self, BoxError> {
        Self::start_with_clock(settings, Arc::new(SystemClock)).await
    }

    /// The same under a clock that a test moves.
    ///
    /// # Errors
    /// See [`Process::start`].
    pub async fn start_with_clock(
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BoxError> {
        let metrics = Metrics::install();
        let entries = targets::select(crate::services(), &settings.server.target)?;
        make_private(&settings.server.data)?;
        if settings.storage.url.is_empty() {
            make_private(&settings.storage.data_dir)?;
        }

        // Addresses first: another process must not take them while databases migrate.
        let grpc_listener = TcpListener::bind(settings.server.grpc).await?;
        let http_listener = match settings.server.edge {
            true => Some(TcpListener::bind(settings.gateway.listen).await?),
            false => None,
        };
        let (grpc, http) = (
            grpc_listener.local_addr()?,
            http_listener
                .as_ref()
                .map(TcpListener::local_addr)
                .transpose()?,
        );

        let databases = Databases::open(&settings.storage)?;
        if settings.server.migrate {
            migrate(&databases, &entries).await?;
        }

        let methods = Arc::new(crate::methods());
        let key = Arc::new(mesh_key::of(
            settings.mesh.key.as_ref(),
            &settings.server.data,
        )?);
        let authority = Arc::new(Authority::new(settings.auth.clone(), Arc::clone(&clock)));
        let limits = Limits {
            in_flight: settings.server.max_in_flight,
            public_in_flight: settings.server.max_in_flight.div_ceil(8),
            timeout_seconds: u32::try_from(settings.server.timeout.get().as_secs())
                .unwrap_or(u32::MAX),
            ..Limits::default()
        };
        let guards = Guards::builder(&methods, Arc::clone(&authority))
            .process_key(Some(Arc::clone(&key)))
            .clock(Arc::clone(&clock))
            .limits(limits)
            .build();
        let outbound = Outbound::builder(Arc::clone(&methods))
            .process(settings.server.target.join(","), key)
            .default_timeout(settings.server.timeout.get())
            .build();
        let directory = Closing(Directory::new(
            Arc::clone(&outbound),
            settings.mesh.clone(),
            Arc::clone(&clock),
        )?);
        for entry in crate::services() {
            directory.expect(entry.name);
        }
        for (service, addresses) in &settings.addresses {
            directory.configure(service, addresses.clone());
        }

        let owners = Owners::new(
            crate::services()
                .iter()
                .map(|entry| (entry.name, directory.channel(entry.name))),
        );

        let shutdown = Shutdown::new();
        let mut supervisor = Supervisor::new();
        let health = Health::new(supervisor.failed());
        let mut routes = vec![
            health.routes(),
            directory.routes(),
            rpc::reflection(&crate::descriptors())?,
        ];
        let durable = jobs::Contract::new();
        routes.push(durable.routes());
        let mut policy: Option<Arc<dyn PolicySource>> = None;
        let messages: Arc<dyn bus::Messaging> =
            Arc::new(messaging::Messages::new(directory.channel(MESSAGING)));
        let descriptors: Arc<[&'static [u8]]> = crate::descriptors().into();
        let caches = cache::Caches::open(&settings.cache, Arc::clone(&clock))?;
        for entry in &entries {
            let db = databases.service(entry.name)?;
            let jobs = jobs::Jobs::new(db.clone(), settings.jobs.clone());
            let context = Context {
                config: settings.services.clone(),
                db: db.clone(),
                clients: directory.clients(entry.calls),
                owners: owners.clone(),
                bus: bus::Bus::new(Arc::clone(&messages)),
                jobs: jobs.clone(),
                caches: caches.clone(),
                descriptors: Arc::clone(&descriptors),
                authority: Arc::clone(&authority),
                clock: Arc::clone(&clock),
                shutdown: shutdown.child(),
                data_dir: settings.server.data.clone(),
            };
            let running = (entry.start)(context)
                .await
                .map_err(|cause| format!("{} does not start: {cause}", entry.name))?;
            let parts = running.into_parts();
            directory.serve(
                entry.name,
                Inbound::new(
                    Arc::clone(&guards),
                    rpc::merge([parts.routes.clone(), durable.routes()]),
                ),
            );
            jobs.offer(parts.jobs);
            durable.add(jobs.clone());
            let mut tasks = parts.tasks;
            tasks.push(Task::jobs(jobs, &shutdown));
            tasks.push(keep_house(db.clone(), &clock, &shutdown));
            tasks.push(relay(db.clone(), &clock, &messages, &shutdown));
            for consumer in parts.consumers {
                tasks.push(consume(consumer, db.clone(), &clock, &messages, &shutdown));
            }
            supervisor.start(entry.name, tasks, &shutdown);
            health.add(grpc_name(&methods, entry.name), parts.readiness);
            routes.push(parts.routes);
            policy = policy.or(parts.policy);
            tracing::info!(service = entry.name, "started");
        }

        let policy =
            policy.unwrap_or_else(|| Arc::new(RemotePolicy(directory.channel(POLICY_OWNER))));
        supervisor.start(
            "policy",
            vec![keep_policy(&authority, &policy, &shutdown)],
            &shutdown,
        );
        let waiting = Arc::clone(&authority);
        health.add(
            "policy",
            vec![Arc::new(move || Box::pin(has_policy(Arc::clone(&waiting))))],
        );

        let (folding, stop) = (metrics.clone(), shutdown.clone());
        let fold = async move {
            while stop.sleep(UPKEEP).await {
                folding.upkeep();
            }
        };
        supervisor.start("telemetry", vec![Task::once("upkeep", fold)], &shutdown);

        let mut listeners = JoinSet::new();
        let inbound = Inbound::new(Arc::clone(&guards), rpc::merge(routes));
        let tls = settings
            .mesh
            .tls
            .as_ref()
            .map(rpc::TlsConfig::load)
            .transpose()?;
        let drain = settings.server.drain.get();
        let stop = shutdown.clone();
        listeners.spawn(async move {
            rpc::listen(grpc_listener, inbound, tls.as_ref(), stop, drain).await
        });
        directory.listens_at(grpc.to_string());
        // From here on peers can be told where this process listens, and asked where the others are.
        let mesh = directory.clone().run(shutdown.clone());
        supervisor.start("mesh", vec![Task::once("directory", mesh)], &shutdown);
        if let Some(listener) = http_listener {
            let router = edge::router(
                &settings.gateway,
                &methods,
                &directory,
                Arc::clone(&guards),
                &health,
                &metrics,
            )?;
            let (tls, stop) = (http_server::tls(&settings.gateway)?, shutdown.clone());
            listeners
                .spawn(async move { http_server::serve(listener, tls, router, stop, drain).await });
        }

        first_policy(&authority, policy.as_ref()).await?;
        health.check().await;
        let checks = health.clone().run(shutdown.clone());
        supervisor.start("health", vec![Task::once("checks", checks)], &shutdown);
        Ok(Self {
            grpc,
            http,
            directory,
            authority,
            health,
            outbound,
            shutdown,
            supervisor,
            listeners,
            drain,
        })
    }

    /// Where gRPC listens.
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// Where the JSON edge listens, if it runs here.
    pub fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Where services are, as this process knows it.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Who may do what, as this process knows it.
    pub fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// What holds the process back from its work; empty when it is ready.
    pub fn problems(&self) -> Vec<String> {
        self.health.problems()
    }

    /// The faults that tests may set on calls within the process.
    pub fn faults(&self) -> &rpc::Faults {
        self.outbound.faults()
    }

    /// Waits until a listener fails or `signal` completes, then stops gracefully: no new calls, those
    /// in work end, background work ends.
    ///
    /// # Errors
    /// If a listener failed.
    pub async fn run_until(mut self, signal: impl Future<Output = ()>) -> Result<(), BoxError> {
        let failed = tokio::select! {
            () = signal => Ok(()),
            Some(ended) = self.listeners.join_next() => ended?,
        };
        self.stop().await;
        failed
    }

    /// Stops gracefully.
    pub async fn stop(mut self) {
        tracing::info!("stopping");
        self.health.stop().await;
        self.shutdown.begin();
        while let Some(ended) = self.listeners.join_next().await {
            if let Ok(Err(failure)) | Err(failure) = ended.map_err(BoxError::from) {
                tracing::warn!(%failure, "a listener ended badly");
            }
        }
        self.supervisor.drain(self.drain).await;
    }
}

/// The folder of an installation is for its owner's eyes.
fn make_private(folder: &Path) -> Result<(), BoxError> {
    let refused = |cause| format!("cannot create {}: {cause}", folder.display());
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(refused)?;
    let mode = std::fs::metadata(folder)
        .map_err(refused)?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        tracing::warn!(folder = %folder.display(), "others may read this folder, which holds keys and data");
    }
    Ok(())
}

async fn migrate(databases: &Databases, entries: &[Entry]) -> Result<(), BoxError> {
    let migrators = entries
        .iter()
        .map(|entry| Ok((entry.name, databases.migrator(entry.migrations)?)))
        .collect::<Result<Vec<_>, BoxError>>()?;
    tokio::task::spawn_blocking(move || {
        for (service, migrator) in migrators {
            let applied = migrator
                .up(Steps::All)
                .map_err(|cause| format!("migrating {service}: {cause}"))?;
            if !applied.is_empty() {
                tracing::info!(service, applied = applied.len(), "migrated");
            }
        }
        Ok(())
    })
    .await?
}

/// The name under which a service's health is asked for: its full gRPC name.
fn grpc_name(methods: &MethodTable, service: &'static str) -> &'static str {
    methods
        .iter()
        .find(|method| method.service == service)
        .map_or(service, |method| method.grpc_service)
}

/// Deletes what the ground's tables keep for a while only.
fn keep_house(db: Db, clock: &Arc<dyn Clock>, shutdown: &Shutdown) -> Task {
    let (clock, stop) = (Arc::clone(clock), shutdown.clone());
    Task::once("housekeeping", async move {
        let turn = || stop.sleep(HOUSEKEEPING);
        db::housekeeping(db, clock, Keep::default(), turn).await;
    })
}

/// Hands the events of a service's outbox on.
fn relay(
    db: Db,
    clock: &Arc<dyn Clock>,
    messages: &Arc<dyn bus::Messaging>,
    shutdown: &Shutdown,
) -> Task {
    let relay = bus::Relay::new(db, Arc::clone(clock), Arc::clone(messages));
    let shutdown = shutdown.clone();
    Task::restarting("relay", move || {
        let (relay, stop) = (relay.clone(), shutdown.clone());
        async move { relay.run(Box::pin(async move { stop.begun().await })).await }
    })
}

/// Brings a service the events of others.
fn consume(
    consumer: bus::Consumer,
    db: Db,
    clock: &Arc<dyn Clock>,
    messages: &Arc<dyn bus::Messaging>,
    shutdown: &Shutdown,
) -> Task {
    let (clock, messages, shutdown) = (Arc::clone(clock), Arc::clone(messages), shutdown.clone());
    Task::restarting(consumer.name(), move || {
        let (consumer, db, stop) = (consumer.clone(), db.clone(), shutdown.clone());
        let (clock, messages) = (Arc::clone(&clock), Arc::clone(&messages));
        async move {
            let stop = Box::pin(async move { stop.begun().await });
            consumer.run(db, clock, messages, stop).await;
        }
    })
}

fn keep_policy(
    authority: &Arc<Authority>,
    policy: &Arc<dyn PolicySource>,
    shutdown: &Shutdown,
) -> Task {
    let (authority, policy, stop) = (Arc::clone(authority), Arc::clone(policy), shutdown.clone());
    let interval = authority.config().refresh.get();
    Task::once("keep fresh", async move {
        auth::keep_fresh(
            authority,
            policy,
            interval,
            async move { stop.begun().await },
        )
        .await;
    })
}

/// Waits for the first policy, because without one every call would be refused. A process that starts
/// before identity does is up all the same; it is not ready until the policy comes.
async fn first_policy(
    authority: &Arc<Authority>,
    policy: &dyn PolicySource,
) -> Result<(), BoxError> {
    let started = tokio::time::Instant::now();
    loop {
        match authority.refresh(policy).await {
            Ok(()) => return Ok(()),
            Err(refusal) if started.elapsed() > POLICY_PATIENCE => {
                tracing::warn!(
                    reason = refusal.reason(),
                    "no policy yet: identity is not reachable; calls are refused"
                );
                return Ok(());
            }
            Err(refusal) if refusal.is(&reason::INTERNAL) => return Err(refusal.into()),
            Err(_) => tokio::time::sleep(authority.config().refresh.get()).await,
        }
    }
}

async fn has_policy(authority: Arc<Authority>) -> Result<(), BoxError> {
    if authority.is_current() {
        Ok(())
    } else {
        Err("has no recent policy of identity, so every call is refused".into())
    }
}
