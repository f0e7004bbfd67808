//! Several processes that are one installation: one takes a service over, two share one, one dies.

use crate::{
    installation::{Installation, Server},
    on_both,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

const LISTED: &str =
    "tessera_rpc_calls_total{service=\"metadata\",method=\"ListActors\",code=\"Ok\"}";

async fn list(server: &Server, token: &str) -> (u16, Value) {
    server
        .json(token, Method::GET, "/api/v1/metadata/actors", None)
        .await
}

async fn create(server: &Server, token: &str, code: &str) -> (u16, Value) {
    let body = json!({ "code": code, "name": code, "kind": "ACTOR_KIND_ROLE" });
    let path = format!("/api/v1/metadata/actors?request_id={code}");
    server.json(token, Method::POST, &path, Some(body)).await
}

on_both! {
    /// A developer runs one service from a checkout against everything else: it takes over while it
    /// lives, and when it dies the others go on as before.
    /// Proves: SCN-50
    async fn a_developer_takes_a_service_over(installation: &Installation) {
        // Both on one storage, each with a data folder of its own.
        let all = [("TESSERA__MESH__ALLOW_OVERRIDE", "true")];
        let whole = installation.serve_with("whole", &[], &all).await;
        let token = installation.token("whole");
        assert_eq!(create(&whole, &token, "before").await.0, 200);

        let developer = installation.serve("developer", &["--target", "metadata", "--peers", &whole.grpc]).await;
        testkit::eventually("a call to the whole platform to be served by the developer", async || {
            assert_eq!(list(&whole, &token).await.0, 200, "the change-over fails no call");
            (developer.meter(LISTED).await > 0.0).then_some(())
        })
        .await;
        let (theirs, ours) = (developer.meter(LISTED).await, whole.meter(LISTED).await);
        let (status, actor) = create(&whole, &token, "meanwhile").await;
        assert_eq!(status, 200, "{actor}");
        assert_eq!(list(&whole, &token).await.0, 200);
        assert_eq!(developer.meter(LISTED).await, theirs + 1.0, "all calls go to the developer");
        assert_eq!(whole.meter(LISTED).await, ours, "and none stays");
        // Identity stays where it was, and the developer's own edge knows it.
        let (status, own) = developer.json(&token, Method::GET, "/api/v1/identity/self", None).await;
        assert_eq!(status, 200, "{own}");

        developer.kill().await;
        let answer = testkit::eventually("the platform to serve again", async || {
            let (status, answer) = list(&whole, &token).await;
            assert!([200, 503].contains(&status), "{answer}");
            (status == 200).then_some(answer)
        })
        .await;
        let codes: Vec<_> = answer["actors"].as_array().expect("a list").iter().map(|actor| actor["code"].clone()).collect();
        assert_eq!(codes, ["before", "meanwhile"]);
        assert!(whole.meter(LISTED).await > ours);
        assert_eq!(create(&whole, &token, "after").await.0, 200);
        whole.terminate().await;
        assert!(whole.exit().await.success());
    }
}

/// Without the permission to override, an offer changes nothing for a process that has the service.
#[test]
fn nobody_is_taken_over_unasked() {
    let installation = Installation::new(testkit::Backend::sqlite());
    testkit::run(async {
        let whole = installation.serve("whole", &[]).await;
        let token = installation.token("whole");
        let other = installation
            .serve("other", &["--target", "metadata", "--peers", &whole.grpc])
            .await;
        // Its policy came from the whole: they have talked, and go on talking.
        let announced = "tessera_rpc_calls_total{service=\"mesh\",method=\"Announce\",code=\"Ok\"}";
        testkit::eventually("a second offer", async || {
            (whole.meter(announced).await >= 2.0).then_some(())
        })
        .await;
        for _ in 0..5 {
            assert_eq!(list(&whole, &token).await.0, 200);
        }
        assert_eq!(
            (whole.meter(LISTED).await, other.meter(LISTED).await),
            (5.0, 0.0)
        );
    });
}

/// Three processes, two of them with the same service: both work, and one may die.
#[test]
fn calls_are_spread_and_survive_the_death_of_one() {
    const READERS: usize = 4;
    let installation = Installation::new(testkit::Backend::postgres());
    testkit::run(async {
        let front = Arc::new(installation.serve("front", &["--target", "identity"]).await);
        let target = ["--target", "metadata", "--peers", &front.grpc];
        let (first, second) = tokio::join!(
            installation.serve("first", &target),
            installation.serve("second", &target)
        );
        let token = installation.token("front");
        testkit::eventually("calls to reach both", async || {
            let (status, answer) = list(&front, &token).await;
            assert!([200, 503].contains(&status), "{answer}");
            let (one, two) = (first.meter(LISTED).await, second.meter(LISTED).await);
            (one >= 1.0 && two >= 1.0).then_some(())
        })
        .await;
        assert_eq!(create(&front, &token, "kept").await.0, 200);

        // Balanced: of many calls, none of the two gets nearly all.
        let (one, two) = (first.meter(LISTED).await, second.meter(LISTED).await);
        for _ in 0..60 {
            assert_eq!(list(&front, &token).await.0, 200);
        }
        let (one, two) = (
            first.meter(LISTED).await - one,
            second.meter(LISTED).await - two,
        );
        assert_eq!(one + two, 60.0);
        assert!(one >= 10.0 && two >= 10.0, "{one} and {two}");

        let (ended, answered) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..READERS {
            let (front, token, ended, answered) = (
                front.clone(),
                token.clone(),
                ended.clone(),
                answered.clone(),
            );
            readers.spawn(async move {
                while !ended.load(Relaxed) {
                    let (status, answer) = list(&front, &token).await;
                    assert_eq!(
                        (status, answer["actors"][0]["code"].as_str()),
                        (200, Some("kept")),
                        "{answer}"
                    );
                    answered.fetch_add(1, Relaxed);
                }
            });
        }
        let more = async |count| {
            let enough = answered.load(Relaxed) + count;
            testkit::eventually("answers", async || {
                (answered.load(Relaxed) >= enough || readers.is_empty()).then_some(())
            })
            .await;
        };
        more(20).await;
        first.kill().await;
        more(100).await;
        ended.store(true, Relaxed);
        readers.join_all().await;
        assert!(second.meter(LISTED).await > 0.0);
        // A new one on another address is found and used.
        let third = installation.serve("third", &target).await;
        testkit::eventually("calls to reach the new one", async || {
            assert_eq!(list(&front, &token).await.0, 200);
            (third.meter(LISTED).await > 0.0).then_some(())
        })
        .await;
    });
}
