//! A whole platform for a story: fresh storage of either kind, in one of three topologies.

use reqwest::{Client, Method};
use serde_json::Value;
use server::{Process, Settings};
use testkit::Backend;
use tonic::transport::{Channel, Endpoint};

/// How the services are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topology {
    /// All in one process, calling each other without a socket.
    Local,
    /// All in one process, calling each other over the process's own socket.
    Loopback,
    /// A process per service; the edge runs beside identity.
    Split,
}

/// A running platform with the token of its administrator.
pub struct Platform {
    processes: Vec<Process>,
    http: Client,
    pub token: String,
    // Dropped last: the storage under the processes.
    _backend: Backend,
}

impl Platform {
    pub async fn start(backend: Backend, topology: Topology) -> Self {
        let processes = match topology {
            Topology::Local => vec![start(&backend, "all", &[], "").await],
            Topology::Loopback => vec![start(&backend, "all", &[], "loopback = true").await],
            Topology::Split => {
                let identity = start(&backend, "identity", &[], "").await;
                let peer = identity.grpc().to_string();
                let metadata = start(&backend, "metadata", &[&peer], "").await;
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
            _backend: backend,
        }
    }

    /// The process with the edge.
    pub fn front(&self) -> &Process {
        &self.processes[0]
    }

    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// A connection to the gRPC socket of the front process.
    pub async fn grpc(&self) -> Channel {
        let address = format!("http://{}", self.front().grpc());
        Endpoint::from_shared(address)
            .expect("an address")
            .connect()
            .await
            .expect("the platform listens")
    }

    pub fn url(&self, path: &str) -> String {
        format!(
            "http://{}{path}",
            self.front().http().expect("the front process has the edge")
        )
    }

    /// HTTP status and answer of a call through the edge by the administrator.
    pub async fn json(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        self.json_as(Some(&self.token), method, path, body).await
    }

    /// The same with another token, or none.
    pub async fn json_as(
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

    pub async fn stop(self) {
        for process in self.processes.into_iter().rev() {
            process.stop().await;
        }
    }
}

fn data(backend: &Backend) -> std::path::PathBuf {
    backend.folder().join("data")
}

/// One process on free ports.
pub async fn start(backend: &Backend, target: &str, peers: &[&str], mesh: &str) -> Process {
    let text = format!(
        "[server]\ntarget = [{target:?}]\ngrpc = \"127.0.0.1:0\"\ndata = {data:?}\n\
         [gateway]\nlisten = \"127.0.0.1:0\"\n\
         [mesh]\npeers = {peers:?}\n{mesh}\n\
         [services.identity.hashing]\nmemory_kib = 8\niterations = 1\n",
        data = data(backend),
    );
    let mut table: toml::Table = text.parse().expect("the settings are TOML");
    table.insert(
        "storage".into(),
        toml::Value::try_from(backend.storage()).expect("storage settings are TOML"),
    );
    let settings = Settings::read(table).expect("the settings are valid");
    Process::start(settings).await.expect("the process starts")
}

/// Stamps a story for each database and topology: six tests.
macro_rules! stories {
    ($($(#[$meta:meta])* async fn $name:ident($platform:ident: &Platform) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
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
