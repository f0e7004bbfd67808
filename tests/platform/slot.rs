//! One process of a platform: its settings, its runtime, and the way to its socket.

use server::{Process, Settings};
use std::net::SocketAddr;
use testkit::Backend;
use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint};

/// A process in a runtime of its own, so that it can be cut off as a kill does.
pub(super) struct Slot {
    pub(super) target: Vec<&'static str>,
    pub(super) mesh: &'static str,
    pub(super) grpc: SocketAddr,
    pub(super) http: SocketAddr,
    pub(super) process: Option<Process>,
    // Dropped last: what still runs in it is cut.
    pub(super) runtime: Cut,
}

impl Slot {
    pub(super) fn serves(&self, service: &str) -> bool {
        self.target.contains(&service) || self.target.contains(&"all")
    }
}

/// A runtime that takes its tasks with it, also where dropping one is not allowed.
pub(super) struct Cut(pub(super) Option<Runtime>);

impl Cut {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        Self(Some(runtime.expect("a runtime starts")))
    }

    pub(super) async fn run<F>(&self, work: F) -> F::Output
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

pub(super) fn data(backend: &Backend) -> std::path::PathBuf {
    backend.folder().join("data")
}

/// The settings of one process, on free ports the first time.
pub(super) fn settings(backend: &Backend, slot: &Slot, peers: &[String], extra: &str) -> Settings {
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

pub(super) async fn connect(process: &Process) -> Channel {
    Endpoint::from_shared(format!("http://{}", process.grpc()))
        .expect("an address")
        .connect()
        .await
        .expect("the process listens")
}
