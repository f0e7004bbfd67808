//! Mutual TLS between processes.

use super::rig::{HELLO, INNER, Rig, call, echo, failure};
use crate::{Channel, MeshTls, Outbound, Pool, Shutdown, listen};
use proto::MethodTable;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tonic::{
    Code,
    transport::{Certificate, ClientTlsConfig, Endpoint},
};

/// An authority, and the keys of one process under it.
struct Keys {
    ca: String,
    cert: String,
    key: String,
}

fn keys() -> Keys {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"))
        .expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])
        .expect("names");
    let cert = params.signed_by(&key, &authority).expect("a certificate");
    Keys {
        ca: authority.pem(),
        cert: cert.pem(),
        key: key.serialize_pem(),
    }
}

impl Keys {
    fn mesh(&self) -> MeshTls {
        MeshTls::from_pem(&self.cert, &self.key, &self.ca)
    }
}

#[tokio::test]
async fn a_certificate_proves_the_process_and_end_users_need_none() {
    let rig = Rig::new();
    let keys = keys();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let inbound = rig.inbound(echo(|_| async { Ok("secret".to_owned()) }));
    let tls = keys.mesh();
    tokio::spawn(async move {
        listen(
            listener,
            inbound,
            Some(&tls),
            Shutdown::new(),
            Duration::ZERO,
        )
        .await
    });

    // No process header: the certificate alone counts.
    let outbound = Outbound::builder(Arc::new(MethodTable::new([&proto::CONTRACTS]))).build();
    let remote = |tls| {
        let endpoints = Pool::new(Some(tls))
            .endpoints([address.as_str()])
            .expect("an address");
        Channel::remote("echo", outbound.clone(), endpoints)
    };
    assert_eq!(
        call(&remote(keys.mesh()), INNER).await.expect("certified"),
        "secret"
    );

    // Keys under another authority get no connection at all.
    assert_eq!(
        failure(call(&remote(super::tls::keys().mesh()), HELLO).await).0,
        Code::Unavailable
    );

    // An end user's program has no certificate: it connects, and stays an end user.
    let config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&keys.ca));
    let connection = Endpoint::from_shared(format!("https://{address}"))
        .expect("an address")
        .tls_config(config)
        .expect("an authority")
        .connect_lazy();
    let mut client =
        proto::tessera::mesh::v1::mesh_service_client::MeshServiceClient::new(connection);
    let refused = client
        .describe(proto::tessera::mesh::v1::DescribeRequest {})
        .await;
    assert_eq!(
        failure(refused),
        (Code::PermissionDenied, "INTERNAL_ONLY".into())
    );
}
