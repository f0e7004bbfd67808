//! The standard health service: each service of the process, and the process as a whole.

use crate::{Readiness, Shutdown};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tonic::service::Routes;
use tonic_health::{ServingStatus, server::HealthReporter};

const CHECK_EVERY: Duration = Duration::from_secs(2);
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// Knows what holds the process back from its work.
#[derive(Clone)]
pub struct Health {
    reporter: HealthReporter,
    checks: Arc<Mutex<Vec<Checked>>>,
    problems: Arc<Mutex<Vec<String>>>,
    failed_tasks: Arc<AtomicUsize>,
}

/// A service's full gRPC name and its conditions.
type Checked = (String, Vec<Readiness>);

impl Health {
    /// Not ready until the first check. `failed_tasks` comes from the supervisor.
    pub fn new(failed_tasks: Arc<AtomicUsize>) -> Self {
        Self {
            reporter: HealthReporter::new(),
            checks: Arc::default(),
            problems: Arc::new(Mutex::new(vec!["the process is starting".to_owned()])),
            failed_tasks,
        }
    }

    /// The routes of `grpc.health.v1.Health`.
    pub fn routes(&self) -> Routes {
        let service =
            tonic_health::server::HealthService::from_health_reporter(self.reporter.clone());
        Routes::new(tonic_health::pb::health_server::HealthServer::new(service))
    }

    /// Adds a service, by the names under which its health is asked for: its full gRPC names.
    pub fn add(&self, name: impl Into<String>, checks: Vec<Readiness>) {
        self.checks
            .lock()
            .expect("no panic while held")
            .push((name.into(), checks));
    }

    /// What holds the process back; empty when it is ready.
    pub fn problems(&self) -> Vec<String> {
        self.problems.lock().expect("no panic while held").clone()
    }

    /// Checks everything once.
    pub async fn check(&self) {
        let checks = self.checks.lock().expect("no panic while held").clone();
        let mut problems = Vec::new();
        for (name, checks) in checks {
            let mut ready = true;
            for check in checks {
                let problem = match tokio::time::timeout(CHECK_LIMIT, check()).await {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => "the check takes too long".to_owned(),
                };
                ready = false;
                problems.push(format!("{name}: {problem}"));
            }
            self.report(&name, ready).await;
        }
        let failed = self.failed_tasks.load(Ordering::Relaxed);
        if failed > 0 {
            problems.push(format!("{failed} background tasks failed"));
        }
        self.report("", problems.is_empty()).await;
        *self.problems.lock().expect("no panic while held") = problems;
    }

    /// Checks every few seconds until shutdown, then says NOT_SERVING.
    pub async fn run(self, shutdown: Shutdown) {
        loop {
            self.check().await;
            if !shutdown.sleep(CHECK_EVERY).await {
                break;
            }
        }
        self.stop().await;
    }

    /// Says NOT_SERVING for everything, so that callers go elsewhere before the process stops.
    pub async fn stop(&self) {
        let names: Vec<_> = {
            let checks = self.checks.lock().expect("no panic while held");
            checks.iter().map(|(name, _)| name.clone()).collect()
        };
        *self.problems.lock().expect("no panic while held") =
            vec!["the process is stopping".to_owned()];
        for name in names {
            self.report(&name, false).await;
        }
        self.report("", false).await;
    }

    async fn report(&self, name: &str, ready: bool) {
        let status = if ready {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        self.reporter.set_service_status(name, status).await;
    }
}
