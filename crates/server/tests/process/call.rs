//! `tessera call` and `tessera story`: what they print, where, and how they end.

use crate::{
    installation::{Installation, run},
    on_both,
};
use serde_json::Value;
use tokio::net::TcpListener;
use tonic::transport::{Server, server::TcpIncoming};
use tonic_health::pb::health_server::HealthServer;

on_both! {
    async fn calls_answer_on_one_stream_and_fail_on_the_other(installation: &Installation) {
        let server = installation.serve("data", &[]).await;
        let token = installation.token("data");
        let access = ["--address", &server.grpc, "--token", &token];
        let call = async |words: &[&str], input| run(&[&["call"], words, &access[..]].concat(), &[], input).await;

        let body = r#"{"actor": {"code": "broker", "name": "Broker", "kind": "ACTOR_KIND_ROLE"}}"#;
        let created = call(&["metadata/CreateActor", body], None).await.success();
        let created: Value = serde_json::from_str(&created).expect("JSON");
        assert_eq!(created["code"], "broker");
        let by_code = call(&["metadata/GetActor", "-"], Some(r#"{"code": "broker"}"#)).await.success();
        assert_eq!(serde_json::from_str::<Value>(&by_code).expect("JSON")["id"], created["id"]);
        let full = call(&["tessera.metadata.v1.MetadataService/ListActors"], None).await.success();
        assert!(full.contains("broker"), "{full}");

        for (words, expected) in [
            (&["metadata/CreateActor", r#"{"actor": {"code": "Not Snake", "kind": "ACTOR_KIND_ROLE"}}"#][..], &["InvalidArgument INVALID_REQUEST", "actor.code"][..]),
            (&["metadata/GetActor", r#"{"code": "nobody"}"#], &["NotFound", "nobody"]),
            (&["metadata/CreateActor", body], &["AlreadyExists", "broker"]),
            (&["metadata/GetActor", r#"{"cod": "broker"}"#], &["tessera.metadata.v1.GetActorRequest", "cod"]),
            (&["metadata/GetActor", "{"], &["tessera.metadata.v1.GetActorRequest"]),
            (&["metadata/GetActr"], &["has no method GetActr", "GetActor"]),
            (&["metdata/GetActor"], &["no service \"metdata\"", "tessera.metadata.v1.MetadataService"]),
            (&["tessera.metadata.v2.MetadataService/GetActor"], &["tessera.metadata.v2.MetadataService"]),
            (&["GetActor"], &["SERVICE/METHOD"]),
            (&["mesh/Describe"], &["PermissionDenied INTERNAL_ONLY"]),
        ] {
            let output = call(words, None).await;
            assert_eq!(output.out, "", "{words:?}: a failure prints no result");
            let error = output.failure();
            assert!(expected.iter().all(|part| error.contains(part)), "{words:?}: {error}");
        }
        let anonymous = run(&["call", "metadata/ListActors", "--address", &server.grpc], &[], None).await;
        assert!(anonymous.failure().contains("Unauthenticated UNAUTHENTICATED"));
        server.terminate().await;
        assert!(server.exit().await.success());
    }

    /// The story of the README holds, and says so in one line that a script can read.
    async fn the_story_ontology_holds(installation: &Installation) {
        let server = installation.serve("data", &[]).await;
        let token = installation.token("data");
        let play = async |name, token| run(&["story", name, "--address", &server.http, "--token", token], &[], None).await;
        let output = play("ontology", &token).await;
        let said: Value = serde_json::from_str(output.out.trim()).expect("one line of JSON");
        assert_eq!((output.code, said["story"].as_str()), (0, Some("ontology")), "{output:?}");
        assert!(said["definitions"].as_u64() > Some(10), "{said}");
        let again = play("ontology", &token).await;
        assert_eq!(again.code, 0, "a second time changes nothing: {again:?}");

        let wrong = play("ontology", "tsr_wrong").await;
        let said: Value = serde_json::from_str(wrong.out.trim()).expect("one line of JSON");
        assert!(said["failed"].as_str().is_some_and(|cause| cause.contains("401")), "{said}");
        assert!(wrong.failure().contains("TOKEN_INVALID"));
        let unknown = play("ontolgy", &token).await.failure();
        assert!(unknown.contains("ontolgy") && unknown.contains("ontology"), "{unknown}");
        server.kill().await;
    }
}

/// Nobody there, and somebody there who does not say what he serves: both are told apart.
#[tokio::test]
async fn a_server_that_cannot_be_asked_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let call = ["call", "metadata/ListActors", "--address", &address];
    let (_reporter, health) = tonic_health::server::health_reporter();
    let serving = tokio::spawn(silent(listener, health));
    let error = run(&call, &[], None).await.failure();
    assert!(
        error.contains("reflection") && error.contains(&address),
        "{error}"
    );

    serving.abort();
    assert!(
        serving
            .await
            .expect_err("it was told to end")
            .is_cancelled()
    );
    let error = run(&call, &[], None).await.failure();
    assert!(
        error.contains("cannot reach") && error.contains(&address),
        "{error}"
    );
    let story = ["story", "ontology", "--address", &address, "--token", "x"];
    let output = run(&story, &[], None).await;
    assert!(output.out.contains("failed"), "{output:?}");
    output.failure();
}

/// A gRPC server without reflection.
async fn silent<H: tonic_health::pb::health_server::Health>(
    listener: TcpListener,
    health: HealthServer<H>,
) {
    let served = Server::builder().add_service(health);
    served
        .serve_with_incoming(TcpIncoming::from(listener))
        .await
        .expect("it serves");
}
