//! Serves guarded routes on a socket, and drains it.

use crate::{BoxError, Inbound, MeshTls, Peer, Shutdown};
use std::time::Duration;
use tokio::net::TcpListener;
use tonic::transport::{Server, server::TcpIncoming};

const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// What the headers or trailers of a call may take together, in bytes.
pub(crate) const HEADERS: u32 = 64 << 10;
/// Calls at once over one connection.
const STREAMS: u32 = 512;

/// Serves until shutdown; then takes no more calls, and gives those in work until `limit`.
pub async fn listen(
    listener: TcpListener,
    inbound: Inbound,
    tls: Option<&MeshTls>,
    shutdown: Shutdown,
    limit: Duration,
) -> Result<(), BoxError> {
    let mut server = Server::builder()
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_max_header_list_size(Some(HEADERS))
        .max_concurrent_streams(Some(STREAMS))
        .http2_adaptive_window(Some(true));
    if let Some(tls) = tls {
        server = server.tls_config(tls.server())?;
    }
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let begun = shutdown.clone();
    let serving =
        server.serve_with_incoming_shutdown(inbound.seen_by(Peer::Socket), incoming, async move {
            begun.begun().await;
        });
    let cut = async {
        shutdown.begun().await;
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        served = serving => Ok(served?),
        () = cut => {
            tracing::warn!("calls were cut at the end of the drain");
            Ok(())
        }
    }
}
