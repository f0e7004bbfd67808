//! A road to PostgreSQL that can be cut: nobody answers at its address then, and who was on it is thrown off.

use std::sync::Arc;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// The road.
pub struct Proxy {
    port: u16,
    to: Arc<str>,
    open: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A road to the server of a URL, and the URL over it.
    pub async fn to(url: &str) -> (Self, String) {
        let rest = url.split_once("://").unwrap().1;
        let host = rest.split('/').next().unwrap();
        let host = host.rsplit('@').next().unwrap();
        let to = if host.contains(':') {
            host.to_owned()
        } else {
            format!("{host}:5432")
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut proxy = Self {
            port,
            to: to.into(),
            open: None,
        };
        proxy.carry(listener);
        (proxy, url.replace(host, &format!("127.0.0.1:{port}")))
    }

    fn carry(&mut self, listener: TcpListener) {
        let to = self.to.clone();
        self.open = Some(tokio::spawn(async move {
            // With this task end all that it carries.
            let mut carried = JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let to = to.clone();
                carried.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(&*to).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        }));
    }

    /// Cuts the road.
    pub async fn cut(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
            let _ = open.await;
        }
    }

    /// Opens it again.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.carry(listener);
    }
}
