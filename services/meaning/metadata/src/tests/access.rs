//! Every method of the contract: without a token, without the permission, and with it.

use super::*;
use proto::{Method, check::Checked};
use std::str::FromStr;
use tonic::{Code, Request, client::Grpc, codegen::http::uri::PathAndQuery};

fn methods() -> impl Iterator<Item = &'static Method> {
    proto_meaning::CONTRACTS
        .methods
        .iter()
        .filter(|method| method.service == "metadata")
}

/// Calls a method with an empty message.
async fn call(channel: Channel, method: &Method) -> Code {
    let mut grpc = Grpc::new(channel);
    let path = PathAndQuery::from_str(method.path).unwrap();
    grpc.ready().await.unwrap();
    let outcome = grpc
        .unary::<(), (), _>(Request::new(()), path, Checked::default())
        .await;
    outcome.map_or_else(|status| status.code(), |_| Code::Ok)
}

testkit::both! {
    async fn every_method_needs_its_permission(bench: Bench<Metadata>) {
        assert!(methods().count() > 70);
        for method in methods() {
            assert_eq!(call(bench.anonymous(), method).await, Code::Unauthenticated, "{}", method.path);
        }
        let others = bench.with_permissions(&["governance.*", "metadata.unicorns.*"]);
        for method in methods() {
            assert_eq!(call(others.clone(), method).await, Code::PermissionDenied, "{}", method.path);
        }
        for method in methods() {
            let code = call(bench.with_permissions(&[method.permission]), method).await;
            assert!(matches!(code, Code::Ok | Code::InvalidArgument), "{}: {code:?}", method.path);
        }
    }

    async fn who_may_read_may_not_write(bench: Bench<Metadata>) {
        let reader = bench.with_permissions(&["metadata.*.read", "*.read"]);
        for method in methods() {
            let denied = call(reader.clone(), method).await == Code::PermissionDenied;
            assert_eq!(denied, method.permission.ends_with(".write"), "{}", method.path);
        }
    }
}
