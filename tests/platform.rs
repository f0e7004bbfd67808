//! A whole platform for a story: fresh storage of either kind, in one of three topologies.

use proto::method::Visibility;
use reqwest::{Client, Method};
use serde_json::Value;
use server::{Process, Settings};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::Backend;
use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint};
use value::{Clock, SystemClock, Time};

/// How the services are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topology {
    /// All in one process, calling each other without a socket.
    Local,
    /// All in one process, calling each other over the process's own socket.
    Loopback,
    /// Three processes; the edge of the first is used.
    Split,
}

/// How long a process may take to start where another one stood.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which services share a process where they are split.
const SPLIT: [&[&str]; 3] = [
    &["identity", "metadata", "messaging"],
    &["warehouse"],
    &["calculation", "simulation", "operations"],
];

/// The system's time, and what a story adds to it.
#[derive(Debug, Default)]
pub(crate) struct ShiftedClock(Mutex<Duration>);

impl ShiftedClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().expect("no panic while held") += by;
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Time {
        SystemClock.now() + *self.0.lock().expect("no panic while held")
    }
}

/// A process in a runtime of its own, so that it can be cut off as a kill does.
struct Slot {
    target: Vec<&'static str>,
    mesh: &'static str,
    grpc: SocketAddr,
    http: SocketAddr,
    process: Option<Process>,
    // Dropped last: what still runs in it is cut.
    runtime: Cut,
}

impl Slot {
    fn serves(&self, service: &str) -> bool {
        self.target.contains(&service) || self.target.contains(&"all")
    }
}

/// A runtime that takes its tasks with it, also where dropping one is not allowed.
struct Cut(Option<Runtime>);

impl Cut {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        Self(Some(runtime.expect("a runtime starts")))
    }

    async fn run<F>(&self, work: F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let runtime = self.0.as_ref().expect("it is there until it is dropped");
        runtime.spawn(work).await.expect("no panic")
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A running platform with the token of its administrator.
pub(crate) struct Platform {
    slots: Vec<Slot>,
    http: Client,
    pub(crate) token: String,
    /// The time of all processes.
    pub(crate) clock: Arc<ShiftedClock>,
    extra: &'static str,
    // Dropped last: the storage under the processes.
    backend: Backend,
}

impl Platform {
    /// The services with their usual settings but for those given as TOML.
    pub(crate) async fn start(backend: Backend, topology: Topology, extra: &'static str) -> Self {
        let targets: Vec<(Vec<&'static str>, &'static str)> = match topology {
            Topology::Local => vec![(vec!["all"], "")],
            Topology::Loopback => vec![(vec!["all"], "loopback = true")],
            Topology::Split => {
                let spread: usize = SPLIT.iter().map(|group| group.len()).sum();
                assert_eq!(
                    spread,
                    server::services().len(),
                    "every service has a place"
                );
                SPLIT.iter().map(|group| (group.to_vec(), "")).collect()
            }
        };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut platform = Self {
            slots: Vec::new(),
            http: Client::new(),
            token: String::new(),
            clock: Arc::new(ShiftedClock::default()),
            extra,
            backend,
        };
        for (target, mesh) in targets {
            platform.slots.push(Slot {
                target,
                mesh,
                grpc: any,
                http: any,
                process: None,
                runtime: Cut::new(),
            });
            let at = platform.slots.len() - 1;
            platform.begin(at).await;
            // Whoever comes next hears of this one from the first.
            let slots = &platform.slots;
            testkit::eventually("the first process to know the others", || async {
                let missing = slots[0].process.as_ref()?.directory().unreachable();
                let absent = |name: &&str| missing.iter().any(|missing| missing == name);
                (!slots[at].target.iter().any(absent)).then_some(())
            })
            .await;
        }
        platform.until_together().await;
        let token = std::fs::read_to_string(data(&platform.backend).join("identity/admin.token"))
            .expect("the first start leaves the administrator's token");
        platform.token = token.trim().to_owned();
        platform
    }

    /// Starts a process that does not run: at the same addresses as before, if it ran before.
    async fn begin(&mut self, at: usize) {
        let peers: Vec<String> = match at {
            0 => Vec::new(),
            _ => vec![self.slots[0].grpc.to_string()],
        };
        let slot = &mut self.slots[at];
        slot.runtime = Cut::new();
        let began = std::time::Instant::now();
        let process = loop {
            let settings = settings(&self.backend, slot, &peers, self.extra);
            let clock = self.clock.clone();
            let started = slot
                .runtime
                .run(async move { Process::start_with_clock(settings, clock).await });
            match started.await {
                Ok(process) => break process,
                // A process that was cut off gives its addresses back a moment later.
                Err(cause) => {
                    assert!(
                        began.elapsed() < PATIENCE,
                        "the process does not start: {cause}"
                    );
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        };
        slot.grpc = process.grpc();
        slot.http = process.http().expect("every process has the edge");
        slot.process = Some(process);
    }

    /// Waits until the first process reaches every service, and each of the others those that its own call.
    async fn until_together(&self) {
        let services = server::services();
        for (at, slot) in self.slots.iter().enumerate() {
            testkit::eventually("the processes to find each other", || async {
                let process = slot.process.as_ref()?;
                let own = process.directory().served();
                let calls = services
                    .iter()
                    .filter(|entry| own.iter().any(|name| *name == entry.name));
                let calls: Vec<&str> = calls.flat_map(|entry| entry.calls).copied().collect();
                let missing = process.directory().unreachable();
                let misses = |name: &String| at == 0 || calls.contains(&name.as_str());
                (!missing.iter().any(misses)).then_some(())
            })
            .await;
        }
    }

    /// How many processes there are.
    pub(crate) fn processes(&self) -> usize {
        self.slots.len()
    }

    /// Stops a process as an operator does, and starts it again.
    pub(crate) async fn restart(&mut self, at: usize) {
        self.end(at).await;
        self.begin(at).await;
        self.until_together().await;
    }

    /// The process that serves a service.
    pub(crate) fn process_of(&self, service: &str) -> usize {
        self.slots
            .iter()
            .position(|slot| slot.serves(service))
            .expect("a process serves it")
    }

    /// Stops a process as an operator does, and leaves it so.
    pub(crate) async fn halt(&mut self, at: usize) {
        self.end(at).await;
    }

    /// Starts a process again that was stopped.
    pub(crate) async fn resume(&mut self, at: usize) {
        self.begin(at).await;
        self.until_together().await;
    }

    /// Cuts a process off in the middle of whatever it does, and starts it again.
    pub(crate) async fn kill(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        slot.runtime = Cut(None);
        slot.process = None;
        // A process that is killed loses its locks; one that was cut off within this one keeps its files open.
        let lock = data(&self.backend).join("messaging/log/lock");
        if slot.serves("messaging") {
            std::fs::remove_file(lock).expect("who serves messaging has its log");
        }
        self.begin(at).await;
        self.until_together().await;
    }

    async fn end(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        if let Some(process) = slot.process.take() {
            slot.runtime.run(process.stop()).await;
        }
    }

    /// The faults on calls that leave each process, or within it.
    pub(crate) fn faults(&self) -> impl Iterator<Item = &rpc::Faults> {
        let running = self.slots.iter().filter_map(|slot| slot.process.as_ref());
        running.map(Process::faults)
    }

    /// Where the rows are, for those who look behind the services.
    pub(crate) fn storage(&self) -> db::StorageConfig {
        self.backend.storage()
    }

    /// The process with the edge.
    pub(crate) fn front(&self) -> &Process {
        self.slots[0].process.as_ref().expect("it runs")
    }

    /// Whether all services share a process.
    pub(crate) fn is_one_process(&self) -> bool {
        self.slots.len() == 1
    }

    /// A connection to the gRPC socket of the front process.
    pub(crate) async fn grpc(&self) -> Channel {
        connect(self.front()).await
    }

    /// A connection to the gRPC socket of the process that serves `service`.
    pub(crate) async fn grpc_of(&self, service: &str) -> Channel {
        let serves =
            |process: &&Process| process.directory().served().iter().any(|s| *s == service);
        let mut running = self.slots.iter().filter_map(|slot| slot.process.as_ref());
        connect(running.find(serves).expect("a process serves it")).await
    }

    /// Every method for end users, with a connection to each process that serves it.
    pub(crate) async fn served(&self) -> Vec<(Channel, &'static proto::Method)> {
        let mut served = Vec::new();
        for process in self.slots.iter().filter_map(|slot| slot.process.as_ref()) {
            let channel = connect(process).await;
            let here = process.directory().served();
            let methods = server::methods();
            let methods = methods.iter().filter(|method| {
                method.visibility != Visibility::Internal
                    && here.iter().any(|name| name == method.service)
            });
            served.extend(methods.map(|method| (channel.clone(), method)));
        }
        served
    }

    /// Waits until every process, asked by itself and not through the edge, lets a token in or refuses it.
    pub(crate) async fn until_known(&self, token: &str, let_in: bool) {
        // One of each service, so that every process is asked.
        let cheap = [
            "/WhoAmI",
            "/ListEntities",
            "/ListTables",
            "/ListFunctions",
            "/ListScenarios",
            "/ListOperations",
            "/ListTopics",
        ];
        for (channel, method) in self.served().await {
            if !cheap.iter().any(|name| method.path.ends_with(name)) {
                continue;
            }
            testkit::eventually("the processes to know of the token", || async {
                let answer = crate::raw::call(&channel, method.path, Some(token), b"").await;
                let known = match answer {
                    Ok(_) => let_in,
                    Err(status) => !let_in && status.code() == tonic::Code::Unauthenticated,
                };
                known.then_some(())
            })
            .await;
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!(
            "http://{}{path}",
            self.front().http().expect("the front process has the edge")
        )
    }

    /// HTTP status and answer of a call through the edge by the administrator.
    pub(crate) async fn json(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        self.json_as(Some(&self.token), method, path, body).await
    }

    /// A call through the edge that somebody else may send.
    pub(crate) fn request(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, self.url(path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        match body {
            Some(body) => request.json(&body),
            None => request,
        }
    }

    /// Waits until every process has heard what identity's process knows of people.
    pub(crate) async fn until_one_policy(&self) {
        let latest = self.front().authority().version();
        testkit::eventually("the policy to be everywhere", || async {
            let mut running = self.slots.iter().filter_map(|slot| slot.process.as_ref());
            running
                .all(|process| process.authority().version() >= latest)
                .then_some(())
        })
        .await;
    }

    /// The same with another token, or none.
    pub(crate) async fn json_as(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let request = self.request(token, method, path, body);
        let answer = request.send().await.expect("the edge answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("the answer is text");
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    pub(crate) async fn stop(mut self) {
        for at in (0..self.slots.len()).rev() {
            self.end(at).await;
        }
        // A server that serves many test runs must not fill up.
        if self.backend.storage().url.is_empty() {
            return;
        }
        let storage = self.backend.storage();
        let removed = tokio::task::spawn_blocking(move || {
            let databases = db::Databases::open(&storage).expect("the settings are sound");
            for entry in server::services() {
                let migrator = databases
                    .migrator(entry.migrations)
                    .expect("sound migrations");
                migrator
                    .destroy()
                    .expect("the story's schema can be removed");
            }
        });
        removed.await.expect("no panic");
    }
}

fn data(backend: &Backend) -> std::path::PathBuf {
    backend.folder().join("data")
}

/// The settings of one process, on free ports the first time.
fn settings(backend: &Backend, slot: &Slot, peers: &[String], extra: &str) -> Settings {
    let text = format!(
        "[server]\ntarget = {target:?}\ngrpc = \"{grpc}\"\ndata = {data:?}\n\
         [gateway]\nlisten = \"{http}\"\n\
         [mesh]\npeers = {peers:?}\n{mesh}\n\
         [services.identity.hashing]\nmemory_kib = 8\niterations = 1\n{extra}\n",
        target = slot.target,
        grpc = slot.grpc,
        http = slot.http,
        mesh = slot.mesh,
        data = data(backend),
    );
    let mut table: toml::Table = text.parse().expect("the settings are TOML");
    // A printed URL hides its password, so it is said once more.
    let mut storage = toml::Table::try_from(backend.storage()).expect("storage settings are TOML");
    storage.insert("url".into(), backend.storage().url.into());
    table.insert("storage".into(), storage.into());
    Settings::read(table).expect("the settings are valid")
}

async fn connect(process: &Process) -> Channel {
    Endpoint::from_shared(format!("http://{}", process.grpc()))
        .expect("an address")
        .connect()
        .await
        .expect("the process listens")
}

/// Stamps a story for each database and topology: six tests. `with "…";` before the first gives settings.
macro_rules! stories {
    (with $extra:literal; $($rest:tt)+) => {
        $crate::platform::stories! { @ $extra; $($rest)+ }
    };
    ($(#[$meta:meta])* async $($rest:tt)+) => {
        $crate::platform::stories! { @ ""; $(#[$meta])* async $($rest)+ }
    };
    (@ $extra:literal; $($(#[$meta:meta])* async fn $name:ident($platform:ident: &Platform) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a story may need nothing of its file")]
            use super::*;
            use $crate::platform::Topology;

            async fn play($platform: &$crate::platform::Platform) $body

            fn run(backend: testkit::Backend, topology: Topology) {
                testkit::run(async {
                    let platform = $crate::platform::Platform::start(backend, topology, $extra).await;
                    play(&platform).await;
                    platform.stop().await;
                });
            }

            #[test]
            fn sqlite_local() {
                run(testkit::Backend::sqlite(), Topology::Local);
            }

            #[test]
            fn sqlite_loopback() {
                run(testkit::Backend::sqlite(), Topology::Loopback);
            }

            #[test]
            fn sqlite_split() {
                run(testkit::Backend::sqlite(), Topology::Split);
            }

            #[test]
            fn postgres_local() {
                run(testkit::Backend::postgres(), Topology::Local);
            }

            #[test]
            fn postgres_loopback() {
                run(testkit::Backend::postgres(), Topology::Loopback);
            }

            #[test]
            fn postgres_split() {
                run(testkit::Backend::postgres(), Topology::Split);
            }
        }
    )+};
}
pub(crate) use stories;
