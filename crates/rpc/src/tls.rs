//! Mutual TLS between the processes of an installation.

use crate::BoxError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

/// The section `[mesh.tls]`: PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// This process's certificate, with its chain.
    pub cert: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
    /// The authority that signs every process's certificate.
    pub ca: PathBuf,
}

/// Loaded keys for both directions.
#[derive(Clone)]
pub struct MeshTls {
    identity: Identity,
    authority: Certificate,
}

impl TlsConfig {
    /// Reads the files.
    pub fn load(&self) -> Result<MeshTls, BoxError> {
        Ok(MeshTls {
            identity: Identity::from_pem(read(&self.cert)?, read(&self.key)?),
            authority: Certificate::from_pem(read(&self.ca)?),
        })
    }
}

impl MeshTls {
    /// From PEM texts.
    pub fn from_pem(cert: &str, key: &str, ca: &str) -> Self {
        Self {
            identity: Identity::from_pem(cert, key),
            authority: Certificate::from_pem(ca),
        }
    }

    /// For a listening socket. End users have no certificate, so one is verified but not demanded.
    pub(crate) fn server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new()
            .identity(self.identity.clone())
            .client_ca_root(self.authority.clone())
            .client_auth_optional(true)
    }

    /// For connections to other processes.
    pub(crate) fn client(&self) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .identity(self.identity.clone())
            .ca_certificate(self.authority.clone())
    }
}

fn read(path: &Path) -> Result<String, BoxError> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}
