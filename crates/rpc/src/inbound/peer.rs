//! Which process calls: one of ours, the edge on behalf of an end user, or anyone on a socket.

use super::Guards;
use error::Result;
use http::{HeaderMap, Request};
use tonic::{
    body::Body,
    transport::server::{TcpConnectInfo, TlsConnectInfo},
};

/// The header by which a process proves on a socket that it belongs to the installation.
pub const PROCESS_HEADER: &str = "x-tessera-process";

/// Where calls come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A service of this process: trusted as a process.
    Local,
    /// The JSON edge of this process: always on behalf of an end user.
    Edge,
    /// A socket: an end user unless it proves to be one of our processes.
    Socket,
}

/// Whether the caller is one of our processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// It is, and may call INTERNAL methods.
    Ours,
    /// It is an end user's program.
    Foreign,
}

/// Whether the connection brought a certificate; the handshake verified it against our own authority.
pub(super) fn has_certificate(request: &Request<Body>) -> bool {
    request
        .extensions()
        .get::<TlsConnectInfo<TcpConnectInfo>>()
        .and_then(TlsConnectInfo::peer_certs)
        .is_some_and(|certificates| !certificates.is_empty())
}

impl Guards {
    /// Tells who calls. A forged or stale proof is an error, a missing one only makes the caller foreign.
    pub(super) fn process_of(
        &self,
        peer: Peer,
        certified: bool,
        headers: &HeaderMap,
    ) -> Result<Process> {
        match peer {
            Peer::Local => return Ok(Process::Ours),
            Peer::Edge => return Ok(Process::Foreign),
            Peer::Socket if certified => return Ok(Process::Ours),
            Peer::Socket => {}
        }
        let (Some(key), Some(proof)) = (&self.process_key, headers.get(PROCESS_HEADER)) else {
            return Ok(Process::Foreign);
        };
        let proof = proof.to_str().unwrap_or_default();
        key.verify(proof, self.clock.now())?;
        Ok(Process::Ours)
    }
}
