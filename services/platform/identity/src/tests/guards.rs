//! Every RPC against callers who may not call it, and the tables against the migrations.

use proto::method::Visibility;
use tonic::codegen::http::uri::PathAndQuery;

use super::*;

/// Calls a method with an empty message: guards answer before the message is looked at.
pub(super) async fn call(channel: Channel, path: &'static str) -> Result<(), Error> {
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let path = PathAndQuery::from_static(path);
    body(grpc.unary(tonic::Request::new(()), path, codec).await)
}

testkit::both! {
    async fn no_method_answers_whom_it_should_not(world: World) {
        let methods = proto_platform::CONTRACTS
            .methods
            .iter()
            .filter(|method| method.service == "identity");
        let mut count = 0;
        for method in methods {
            count += 1;
            let anonymous = call(world.bench.anonymous(), method.path).await;
            let limited = call(world.bench.with_permissions(&["nothing.at_all.read"]), method.path).await;
            let forged = call(world.bench.with_token("tsr_nonsense"), method.path).await;
            let reason = |outcome: Result<(), Error>| outcome.unwrap_err().reason().to_owned();
            match method.visibility {
                Visibility::Public => {
                    assert!(["SignIn", "RefreshSession", "GetKeys"].contains(&method.name), "{} is public", method.name);
                    assert!(method.permission.is_empty());
                }
                Visibility::User => {
                    assert_eq!(reason(anonymous), "UNAUTHENTICATED", "{}", method.name);
                    assert_eq!(reason(limited), "PERMISSION_DENIED", "{}", method.name);
                    assert_eq!(reason(forged), "TOKEN_INVALID", "{}", method.name);
                }
                Visibility::Internal => {
                    assert_eq!(reason(limited), "INTERNAL_ONLY", "{}", method.name);
                    assert!(anonymous.is_err() && forged.is_err());
                    let admin = call(world.bench.admin(), method.path).await;
                    assert_eq!(reason(admin), "INTERNAL_ONLY", "{}", method.name);
                }
            }
        }
        assert_eq!(count, 59);
    }

    async fn the_tables_are_as_the_migrations_say(world: World) {
        assert!(world.bench.drift().await.is_empty());
    }
}
