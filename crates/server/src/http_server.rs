//! Serves the edge's router on a socket, in the clear or over TLS, and drains it.

use axum::Extension;
use futures::future::BoxFuture;
use gateway::{EdgeConfig, PeerAddress};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use rpc::{BoxError, Shutdown};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of a request may take, and how long a connection may stand idle.
const HEADERS: Duration = Duration::from_secs(30);
/// How often a silent HTTP/2 connection is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Requests at once over one HTTP/2 connection.
const STREAMS: u32 = 256;
/// Connections at once.
const MOST_CONNECTIONS: usize = 8192;
/// After a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Any connection.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// The acceptor of the edge's certificate, if it has one.
pub(crate) fn tls(config: &EdgeConfig) -> Result<Option<TlsAcceptor>, BoxError> {
    let Some(tls) = &config.tls else {
        return Ok(None);
    };
    let chain = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect)
        .map_err(|cause| format!("{}: {cause}", tls.certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|cause| format!("{}: {cause}", tls.key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(server))))
}

/// Serves until shutdown; then takes no more connections and gives those in work until `limit`.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: axum::Router,
    shutdown: Shutdown,
    limit: Duration,
) -> Result<(), BoxError> {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.begun() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(cause) => {
                // Too many open files, mostly: asking again at once would only burn the processor.
                tracing::warn!(%cause, "the edge could not accept a connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Over the limit a connection is closed at once, so that its client learns of it.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let (tls, router, watcher) = (tls.clone(), router.clone(), graceful.watcher());
        connections.spawn(async move {
            let Some(stream) = handshake(stream, tls).await else {
                return;
            };
            let _place = place;
            let mut builder = Builder::new(TokioExecutor::new());
            builder
                .http1()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS);
            builder
                .http2()
                .timer(TokioTimer::new())
                .keep_alive_interval(Some(KEEP_ALIVE))
                .keep_alive_timeout(HEADERS)
                .max_concurrent_streams(STREAMS);
            let router = router.layer(Extension(PeerAddress(peer.ip())));
            let service = TowerToHyperService::new(router);
            let connection = builder
                .serve_connection_with_upgrades(TokioIo::new(stream), service)
                .into_owned();
            if let Err(cause) = watcher.watch(connection).await {
                tracing::debug!(%cause, "a connection of the edge ended early");
            }
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let drained = async {
        graceful.shutdown().await;
        while connections.join_next().await.is_some() {}
    };
    if tokio::time::timeout(limit, drained).await.is_err() {
        tracing::warn!("connections of the edge were cut at the end of the drain");
    }
    Ok(())
}

fn handshake(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
) -> BoxFuture<'static, Option<Box<dyn Stream>>> {
    Box::pin(async move {
        stream.set_nodelay(true).ok();
        match tls {
            None => Some(Box::new(stream) as Box<dyn Stream>),
            Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => Some(Box::new(stream) as Box<dyn Stream>),
                _ => None,
            },
        }
    })
}
