//! A whole platform for a story: fresh storage of either kind, in one of three topologies.

use proto::method::Visibility;
use reqwest::{Client, Method};
use serde_json::Value;
use server::{Process, Settings};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::Backend;
use tonic::transport::{Channel, Endpoint};
use value::{Clock, SystemClock, Time};

/// How the services are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topology {
    /// All in one process, calling each other without a socket.
    Local,
    /// All in one process, calling each other over the process's own socket.
    Loopback,
    /// A process per service; the edge runs beside identity.
    Split,
}

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

/// A running platform with the token of its administrator.
pub(crate) struct Platform {
    processes: Vec<Process>,
    http: Client,
    pub(crate) token: String,
    /// The time of all processes.
    pub(crate) clock: Arc<ShiftedClock>,
    // Dropped last: the storage under the processes.
    backend: Backend,
}

impl Platform {
    pub(crate) async fn start(backend: Backend, topology: Topology) -> Self {
        let clock = Arc::new(ShiftedClock::default());
        let start = async |target, peers: &[&str], mesh| {
            let settings = settings(&backend, target, peers, mesh);
            let process = Process::start_with_clock(settings, clock.clone()).await;
            process.expect("the process starts")
        };
        let processes = match topology {
            Topology::Local => vec![start("all", &[], "").await],
            Topology::Loopback => vec![start("all", &[], "loopback = true").await],
            Topology::Split => {
                let identity = start("identity", &[], "").await;
                let peer = identity.grpc().to_string();
                let metadata = start("metadata", &[&peer], "").await;
                vec![identity, metadata]
            }
        };
        for process in &processes {
            testkit::eventually("the processes to find each other", || async {
                process.directory().unreachable().is_empty().then_some(())
            })
            .await;
        }
        let token = std::fs::read_to_string(data(&backend).join("identity/admin.token"))
            .expect("the first start leaves the administrator's token");
        Self {
            processes,
            http: Client::new(),
            token: token.trim().to_owned(),
            clock,
            backend,
        }
    }

    /// The process with the edge.
    pub(crate) fn front(&self) -> &Process {
        &self.processes[0]
    }

    /// Whether all services share a process.
    pub(crate) fn is_one_process(&self) -> bool {
        self.processes.len() == 1
    }

    /// A connection to the gRPC socket of the front process.
    pub(crate) async fn grpc(&self) -> Channel {
        connect(self.front()).await
    }

    /// Every method for end users, with a connection to each process that serves it.
    pub(crate) async fn served(&self) -> Vec<(Channel, &'static proto::Method)> {
        let mut served = Vec::new();
        for process in &self.processes {
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
        let cheap = ["/WhoAmI", "/ListEntities"];
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

    /// The same with another token, or none.
    pub(crate) async fn json_as(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self.http.request(method, self.url(path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("the edge answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("the answer is text");
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    pub(crate) async fn stop(self) {
        for process in self.processes.into_iter().rev() {
            process.stop().await;
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

/// The settings of one process on free ports.
fn settings(backend: &Backend, target: &str, peers: &[&str], mesh: &str) -> Settings {
    let text = format!(
        "[server]\ntarget = [{target:?}]\ngrpc = \"127.0.0.1:0\"\ndata = {data:?}\n\
         [gateway]\nlisten = \"127.0.0.1:0\"\n\
         [mesh]\npeers = {peers:?}\n{mesh}\n\
         [services.identity.hashing]\nmemory_kib = 8\niterations = 1\n",
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

/// Stamps a story for each database and topology: six tests.
macro_rules! stories {
    ($($(#[$meta:meta])* async fn $name:ident($platform:ident: &Platform) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a story may need nothing of its file")]
            use super::*;
            use $crate::platform::Topology;

            async fn play($platform: &$crate::platform::Platform) $body

            fn run(backend: testkit::Backend, topology: Topology) {
                testkit::run(async {
                    let platform = $crate::platform::Platform::start(backend, topology).await;
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
