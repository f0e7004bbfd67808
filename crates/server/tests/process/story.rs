//! `tessera story retention` against the real binary: in one process, over its sockets, and split in three.

use crate::{
    installation::{Installation, Server, run},
    on_both,
};
use serde_json::Value;

/// Plays the story and answers what its last line says; it must hold.
async fn told(server: &Server, token: &str) -> Value {
    let story = [
        "story",
        "retention",
        "--address",
        &server.http,
        "--token",
        token,
    ];
    let output = run(&story, &[], None).await;
    let last = output.out.lines().last().unwrap_or_default().to_owned();
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        last.starts_with("{\"story\":\"retention\",\"value\":0.9,"),
        "{last}"
    );
    assert!(
        output.err.contains("SELECT"),
        "the SQL is shown: {}",
        output.err
    );
    let said: Value = serde_json::from_str(&last).expect("one line of JSON");
    assert_eq!(said["net_value"].to_string(), "0.95", "{said}");
    let counts = ["start_count", "end_count", "new_count"].map(|field| said[field].as_i64());
    assert_eq!(counts, [Some(1000), Some(950), Some(50)], "{said}");
    for sources in ["sources", "net_sources"] {
        let source = &said[sources][0];
        assert!(
            source["sql"]
                .as_str()
                .is_some_and(|sql| sql.contains("SELECT")),
            "{said}"
        );
        assert!(source["rows"].as_i64() >= Some(1950), "{said}");
        assert_eq!(source["result_rows"], 1, "{said}");
    }
    said
}

on_both! {
    /// From nothing to the number, and once more on what the first time left behind.
    /// Proves: SCN-14
    async fn the_story_retention_holds(installation: &Installation) {
        let server = installation.serve("data", &[]).await;
        let token = installation.token("data");
        let first = told(&server, &token).await;
        let again = told(&server, &token).await;
        assert_eq!(again["run"], first["run"], "its own rows are found again");
        server.terminate().await;
        assert!(server.exit().await.success());
    }

    async fn the_story_retention_holds_over_sockets(installation: &Installation) {
        let loopback = [("TESSERA__MESH__LOOPBACK", "true")];
        let server = installation.serve_with("data", &[], &loopback).await;
        told(&server, &installation.token("data")).await;
        server.kill().await;
    }

    async fn the_story_retention_holds_split_in_three(installation: &Installation) {
        let front = installation.serve("front", &["--target", "identity,metadata"]).await;
        let peer = ["--peers", front.grpc.as_str()];
        let rows = installation.serve("rows", &["--target", "warehouse", peer[0], peer[1]]).await;
        let numbers = ["--target", "calculation,simulation", peer[0], peer[1]];
        let numbers = installation.serve("numbers", &numbers).await;
        let token = installation.token("front");
        for path in ["/api/v1/warehouse/tables", "/api/v1/calculation/functions", "/api/v1/simulation/scenarios"] {
            testkit::eventually("the services to be found", async || {
                let (status, _) = front.json(&token, reqwest::Method::GET, path, None).await;
                (status == 200).then_some(())
            })
            .await;
        }
        told(&front, &token).await;
        for server in [numbers, rows, front] {
            server.kill().await;
        }
    }
}
