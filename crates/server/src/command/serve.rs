//! `tessera serve`: runs a process until it is told to stop.

use super::{SettingsArguments, output::print, set};
use crate::{Process, Settings};
use clap::Args;
use rpc::BoxError;
use std::{net::SocketAddr, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};

/// Runs services: all of them, some, or a wing.
#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    settings: SettingsArguments,
    /// What to run: `all`, service names, `@wing`; overrides `server.target`.
    #[arg(long, value_name = "TARGETS", value_delimiter = ',')]
    target: Vec<String>,
    /// gRPC addresses of processes that run the rest; overrides `mesh.peers`.
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    peers: Vec<String>,
    /// Where gRPC listens; port 0 takes a free one; overrides `server.grpc`.
    #[arg(long, value_name = "ADDRESS")]
    grpc: Option<SocketAddr>,
    /// Where the JSON edge listens; port 0 takes a free one; overrides `gateway.listen`.
    #[arg(long, value_name = "ADDRESS")]
    http: Option<SocketAddr>,
}

impl Serve {
    pub(super) async fn run(self) -> Result<ExitCode, BoxError> {
        let settings = self.settings()?;
        telemetry::init(&settings.telemetry)?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let process = Process::start(settings).await?;
        print(&ready_line(&process));
        let stop = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        process.run_until(stop).await?;
        Ok(ExitCode::SUCCESS)
    }

    fn settings(&self) -> Result<Settings, BoxError> {
        let mut table = config::load(self.settings.config.as_deref(), config::environment())?;
        if let Some(data) = &self.settings.data {
            set(
                &mut table,
                "server",
                "data",
                data.to_string_lossy().into_owned(),
            );
        }
        if !self.target.is_empty() {
            set(&mut table, "server", "target", self.target.clone());
        }
        if !self.peers.is_empty() {
            set(&mut table, "mesh", "peers", self.peers.clone());
        }
        if let Some(grpc) = self.grpc {
            set(&mut table, "server", "grpc", grpc.to_string());
        }
        if let Some(http) = self.http {
            set(&mut table, "gateway", "listen", http.to_string());
        }
        Ok(Settings::read(table)?)
    }
}

/// The one line on standard output that says where the process can be reached.
fn ready_line(process: &Process) -> String {
    let mut line = serde_json::json!({ "ready": true, "grpc": process.grpc().to_string() });
    if let Some(http) = process.http() {
        line["http"] = http.to_string().into();
    }
    line.to_string()
}
