//! A whole platform for a story: fresh storage of either kind, in one of several topologies.

mod slot;
mod stories;
mod topology;

pub(crate) use stories::stories;
pub(crate) use topology::Topology;

use proto::method::Visibility;
use reqwest::{Client, Method};
use serde_json::Value;
use server::Process;
use slot::{Cut, Slot, connect, data, settings};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::Backend;
use tonic::transport::Channel;
use value::{Clock, SystemClock, Time};

/// How long a process may take to start where another one stood.
const PATIENCE: Duration = Duration::from_secs(10);

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
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut platform = Self {
            slots: Vec::new(),
            http: Client::new(),
            token: String::new(),
            clock: Arc::new(ShiftedClock::default()),
            extra,
            backend,
        };
        for (target, mesh) in topology.targets() {
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
        // A process that was cut off gives its addresses back a moment later.
        let (backend, extra, clock) = (&self.backend, self.extra, &self.clock);
        let starting = &*slot;
        let process = testkit::eventually_within(PATIENCE, "the process to start", || async {
            let settings = settings(backend, starting, &peers, extra);
            let clock = clock.clone();
            let start = async move { Process::start_with_clock(settings, clock).await };
            starting.runtime.run(start).await
        })
        .await;
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

    /// The processes that serve a service, each for itself.
    pub(crate) fn processes_of(&self, service: &str) -> Vec<usize> {
        let serving = self.slots.iter().enumerate();
        let serving = serving.filter(|(_, slot)| slot.serves(service));
        serving.map(|(at, _)| at).collect()
    }

    /// Stops a process as an operator does, and leaves it so.
    pub(crate) async fn halt(&mut self, at: usize) {
        self.end(at).await;
    }

    /// Starts a process again that was stopped or cut off.
    pub(crate) async fn resume(&mut self, at: usize) {
        self.begin(at).await;
        self.until_together().await;
    }

    /// Cuts a process off in the middle of whatever it does, and starts it again.
    pub(crate) async fn kill(&mut self, at: usize) {
        self.cut_off(at);
        self.resume(at).await;
    }

    /// Cuts a process off in the middle of whatever it does, and leaves it so.
    pub(crate) fn cut_off(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        slot.runtime = Cut(None);
        slot.process = None;
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
