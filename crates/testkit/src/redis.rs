//! A Redis server for a test that stops and starts it.

use crate::eventually;
use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// A Redis server of one test: it can be stopped, and started again at the same address.
pub struct RedisServer {
    folder: TempDir,
    port: u16,
    durable: bool,
    tls: bool,
    child: Option<Child>,
}

impl RedisServer {
    /// A server that forgets everything when it stops.
    pub async fn start() -> Self {
        Self::begin(false, None).await
    }

    /// A server that has everything on disk before it answers.
    pub async fn start_durable() -> Self {
        Self::begin(true, None).await
    }

    /// A server that speaks TLS only, with a certificate for `localhost` and its key, both as PEM.
    pub async fn start_tls(certificate: &str, key: &str) -> Self {
        Self::begin(false, Some((certificate, key))).await
    }

    /// # Panics
    /// If there is no `redis-server`.
    async fn begin(durable: bool, tls: Option<(&str, &str)>) -> Self {
        let mut server = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            port: 0,
            durable,
            tls: tls.is_some(),
            child: None,
        };
        for (name, pem) in tls
            .into_iter()
            .flat_map(|(certificate, key)| [("cert", certificate), ("key", key)])
        {
            std::fs::write(server.folder.path().join(name), pem).expect("a file is written");
        }
        // A port that is free now may be taken a moment later: who answers must be ours.
        for _ in 0..8 {
            let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
            server.port = free.local_addr().expect("it is bound").port();
            drop(free);
            server.spawn();
            if server.answers().await {
                return server;
            }
        }
        panic!("redis-server does not start");
    }

    /// Its address.
    pub fn url(&self) -> String {
        if self.tls {
            return format!("rediss://localhost:{}/", self.port);
        }
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Kills it as a power cut would.
    pub async fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again at the same address.
    ///
    /// # Panics
    /// If the port was taken meanwhile.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.spawn();
        assert!(self.answers().await, "redis-server does not start again");
    }

    fn spawn(&mut self) {
        let (append, sync) = if self.durable {
            ("yes", "always")
        } else {
            ("no", "no")
        };
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        if self.tls {
            command.args(["--port", "0", "--tls-port", &port]);
            command.args(["--tls-cert-file", "cert", "--tls-key-file", "key"]);
            command.args(["--tls-auth-clients", "no"]);
        } else {
            command.args(["--port", &port]);
        }
        let child = command
            .current_dir(self.folder.path())
            .args(["--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", append, "--appendfsync", sync])
            .arg("--dir")
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts: scripts/install --tests puts it in place");
        self.child = Some(child);
    }

    /// Waits until it answers; not if it ended.
    async fn answers(&mut self) -> bool {
        let port = self.port;
        let child = self.child.as_mut().expect("it was started");
        eventually("a Redis server", || {
            let ended = child.try_wait().ok().flatten().is_some();
            async move {
                if ended {
                    return Some(false);
                }
                TcpStream::connect(("127.0.0.1", port)).await.ok()?;
                Some(true)
            }
        })
        .await
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
