//! Told to stop: no new work, the work in hand ends, and whoever asks is told.

use crate::{
    installation::{self, Installation},
    on_both,
};
use db::diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use reqwest::Method;
use serde_json::json;
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

const CREATES_IN_WORK: &str = "tessera_rpc_in_flight{service=\"metadata\",method=\"CreateActor\"}";

/// Keeps everybody else from writing to the tables of metadata until it is dropped.
fn hold_tables(installation: &Installation) -> Box<dyn std::any::Any> {
    if installation.is_postgres() {
        let mut holder = PgConnection::establish(&installation.storage().url).expect("the server");
        let schema = installation.schema("metadata");
        holder
            .batch_execute(&format!(
                "BEGIN; LOCK TABLE \"{schema}\".definitions IN ACCESS EXCLUSIVE MODE"
            ))
            .expect("the lock is free");
        Box::new(holder)
    } else {
        let file = installation.path("db/metadata.db");
        let mut holder =
            SqliteConnection::establish(file.to_str().expect("a plain name")).expect("the file");
        holder
            .batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE")
            .expect("the lock is free");
        Box::new(holder)
    }
}

on_both! {
    async fn the_call_in_work_ends_and_the_process_leaves_with_success(installation: &Installation) {
        let server = installation.serve("data", &[]).await;
        let channel = Endpoint::from_shared(format!("http://{}", server.grpc)).expect("an address");
        let mut health = HealthClient::new(channel.connect().await.expect("it listens"));
        let mut watch = health
            .watch(HealthCheckRequest::default())
            .await
            .expect("health can be watched")
            .into_inner();
        let serving = watch.message().await.expect("a status").expect("a status");
        assert_eq!(serving.status, ServingStatus::Serving as i32);

        let holder = hold_tables(installation);
        let (client, address, token) = (server.client.clone(), server.http.clone(), installation.token("data"));
        let call = tokio::spawn(async move {
            let body = json!({ "code": "late", "name": "Late", "kind": "ACTOR_KIND_ROLE" });
            installation::json(&client, &address, &token, Method::POST, "/api/v1/metadata/actors", Some(body)).await
        });
        testkit::eventually("the call to be in work", async || {
            (server.meter(CREATES_IN_WORK).await == 1.0).then_some(())
        })
        .await;

        server.terminate().await;
        let stopping = watch.message().await.expect("a status").expect("a status");
        assert_eq!(stopping.status, ServingStatus::NotServing as i32);
        drop((watch, health));
        testkit::eventually("new connections to be refused", async || {
            let fresh = reqwest::Client::new();
            let answer = fresh.get(format!("http://{}/healthz", server.http)).send().await;
            answer.is_err().then_some(())
        })
        .await;
        assert!(!call.is_finished(), "the tables are held");

        drop(holder);
        let (status, actor) = call.await.expect("the task ends").expect("the call in work is answered");
        assert_eq!(status, 200, "{actor}");
        let log = server.log();
        let status = server.exit().await;
        assert_eq!(status.code(), Some(0), "{log}");
    }
}
