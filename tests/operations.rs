//! Durable work seen from outside: begun, followed, changed and found again, through gRPC and JSON, whoever runs it.

use crate::{
    business::{get, import, list, person, post, query, text, whole},
    edge::reason,
    platform::{Platform, Topology, stories},
};
use proto_work::tessera::operations::v1::{
    self as pb, operations_service_client::OperationsServiceClient,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_stream::StreamExt;
use value::Clock as _;

const TABLES: &str = r#"
ontology: tessera/v1
entities:
  - code: shelf
    name: Shelf
    kind: dimension
    attributes:
      - { code: shelf_id, name: Number, type: string, primary_key: true }
  - code: crate
    name: Crate
    kind: dimension
    attributes:
      - { code: crate_id, name: Number, type: string, primary_key: true }
"#;

/// Two tables that can be looked at.
async fn tables(platform: &Platform) {
    import(platform, TABLES).await;
    for entity in ["shelf", "crate"] {
        let records = json!([{ format!("{entity}_id"): "1" }]);
        let path = format!("/api/v1/warehouse/tables/{entity}/records:write");
        post(platform, &path, json!({ "records": records })).await;
    }
}

/// Begins a check of all tables so many seconds from now.
async fn check(platform: &Platform, seconds: u64) -> Value {
    let due = platform.clock.now() + Duration::from_secs(seconds);
    let operation = json!({
        "service": "warehouse", "kind": "warehouse.check-tables", "title": "Looks at all",
        "due_time": due.to_string(), "compliance_tags": ["gdpr"],
    });
    let body = json!({ "operation": operation, "request_id": value::Id::new().to_string() });
    post(platform, "/api/v1/operations/operations", body).await
}

fn path(operation: &Value, rest: &str) -> String {
    let id = text(&operation["id"]);
    format!("/api/v1/operations/operations/{id}{rest}")
}

/// The operation as the list tells of it, once the list does.
async fn listed(platform: &Platform, filter: &str, operation: &Value) -> Value {
    let path = format!("/api/v1/operations/operations?{filter}");
    let id = &operation["id"];
    testkit::eventually("the list to tell of the operation", || async {
        let page = get(platform, &path).await;
        let mut found = list(&page["operations"]).iter();
        found.find(|one| one["id"] == *id).cloned()
    })
    .await
}

async fn client(
    platform: &Platform,
) -> (
    OperationsServiceClient<tonic::transport::Channel>,
    impl Fn(&str) -> tonic::Request<pb::WatchOperationRequest>,
) {
    let client = OperationsServiceClient::new(platform.grpc_of("operations").await);
    let bearer = format!("Bearer {}", platform.token);
    let ask = move |id: &str| {
        let mut request = tonic::Request::new(pb::WatchOperationRequest { id: id.to_owned() });
        let bearer = bearer.parse().expect("a token is plain");
        request.metadata_mut().insert("authorization", bearer);
        request
    };
    (client, ask)
}

stories! {
    /// Work that a service does is an operation: followed while it is done, and told of afterwards with its states, steps
    /// and result, through gRPC as through JSON.
    /// Proves: OP-02, OP-03, OP-04, OP-11, OP-12, OP-15
    async fn work_is_followed_to_its_end(platform: &Platform) {
        tables(platform).await;
        let begun = check(platform, 5).await;
        assert!(begun["state"] == "OPERATION_STATE_QUEUED" && begun["done"] != true, "{begun}");
        let (mut client, ask) = client(platform).await;
        let mut followed = client.watch_operation(ask(&text(&begun["id"]))).await.expect("it is there").into_inner();
        let mut seen = Vec::new();
        while let Some(told) = followed.next().await {
            seen.push(told.expect("it is followed to its end"));
        }
        let (first, last) = (seen.first().expect("at least one"), seen.last().expect("at least one"));
        assert_eq!((first.state(), last.state()), (pb::OperationState::Queued, pb::OperationState::Succeeded));
        assert!(last.done && last.end_time.is_some() && !last.stale, "{last:?}");
        let progress = last.progress.clone().expect("it said how far it is");
        assert_eq!((progress.done, progress.total), (2, 2), "{progress:?}");

        let all = get(platform, &path(&begun, "?view=OPERATION_VIEW_FULL")).await;
        let result: Value = serde_json::from_str(&text(&all["response"])).expect("JSON");
        assert_eq!((&result["checked"], &result["drifts"]), (&json!(2), &json!(0)));
        let steps = list(&all["details"]["steps"]);
        let names: Vec<_> = steps.iter().map(|step| text(&step["name"])).collect();
        assert_eq!(names, ["lists the tables", "checks crate", "checks shelf"]);
        for (at, step) in steps.iter().enumerate() {
            assert_eq!(whole(&step["seq"]), i64::try_from(at + 1).expect("few"));
            assert!(step["state"] == "STEP_STATE_DONE" && step["startTime"].is_string() && step["endTime"].is_string(), "{step}");
        }
        let states = list(&all["details"]["states"]);
        assert_eq!(states[0]["toState"], "OPERATION_STATE_QUEUED");
        assert!(states[0]["automatic"] != true, "somebody asked for it");
        let ended = states.last().expect("at least one");
        assert_eq!((&ended["fromState"], &ended["toState"]), (&json!("OPERATION_STATE_RUNNING"), &json!("OPERATION_STATE_SUCCEEDED")));
        assert_eq!(ended["automatic"], true, "{ended}");
        assert!(ended["timeInPrevious"].is_string() && ended["changeTime"].is_string(), "{ended}");

        let waited = get(platform, &path(&begun, ":wait?timeout=30s")).await;
        assert_eq!(waited["done"], true);
        let shown = listed(platform, "service=warehouse&compliance_tag=gdpr&states=OPERATION_STATE_SUCCEEDED", &begun).await;
        assert_eq!(shown["title"], "Looks at all");
        let page = get(platform, "/api/v1/operations/operations?states=OPERATION_STATE_FAILED").await;
        assert!(list(&page["operations"]).is_empty(), "{page}");
    }

    /// Work is stopped, halted and let go on by those who may, each told with who and why. What is halted before its time waits for
    /// that time again.
    async fn work_is_halted_and_stopped(platform: &Platform) {
        let begun = check(platform, 5).await;
        let paused = post(platform, &path(&begun, ":pause"), json!({ "reason": "lunch" })).await;
        assert_eq!(paused["state"], "OPERATION_STATE_PAUSED", "{paused}");
        let going = post(platform, &path(&begun, ":resume"), json!({})).await;
        assert_ne!(going["state"], "OPERATION_STATE_PAUSED", "{going}");
        let ended = get(platform, &path(&begun, ":wait?timeout=30s")).await;
        assert_eq!(ended["state"], "OPERATION_STATE_SUCCEEDED", "{ended}");

        let resumed = text(&begun["id"]);
        let begun = check(platform, 3_600).await;
        let due = text(&begun["dueTime"]);
        for (asked, state) in [(":pause", "OPERATION_STATE_PAUSED"), (":resume", "OPERATION_STATE_QUEUED")] {
            let now = post(platform, &path(&begun, asked), json!({})).await;
            assert_eq!((text(&now["state"]).as_str(), text(&now["dueTime"])), (state, due.clone()), "{now}");
        }
        let viewer = person(platform, "looks", &["viewer"]).await;
        platform.until_known(&viewer.token, true).await;
        let cancel = path(&begun, ":cancel");
        let (status, refusal) = platform.json_as(Some(&viewer.token), Method::POST, &cancel, Some(json!({}))).await;
        assert_eq!((status, reason(&refusal)), (403, "PERMISSION_DENIED"), "{refusal}");
        let stopped = post(platform, &cancel, json!({ "reason": "nobody wants it" })).await;
        let stopped = match stopped["done"] == true {
            true => stopped,
            false => get(platform, &path(&begun, ":wait?timeout=30s")).await,
        };
        assert_eq!(stopped["state"], "OPERATION_STATE_CANCELLED", "{stopped}");
        // Once more changes nothing; going on is refused.
        let again = post(platform, &cancel, json!({})).await;
        assert_eq!(again["etag"], stopped["etag"], "{again}");
        let (status, refusal) = platform.json(Method::POST, &path(&begun, ":resume"), Some(json!({}))).await;
        assert_eq!(status, 400, "{refusal}");
        let states = get(platform, &path(&begun, "/states")).await;
        let states = list(&states["states"]);
        let last = states.last().expect("at least one");
        assert_eq!((&last["toState"], &last["reason"]), (&json!("OPERATION_STATE_CANCELLED"), &json!("nobody wants it")));
        assert!(text(&last["actor"]).starts_with("user:"), "{last}");
        listed(platform, "states=OPERATION_STATE_CANCELLED", &begun).await;
        for (id, actions) in [
            (&resumed, ["AUDIT_ACTION_CREATE", "AUDIT_ACTION_PAUSE", "AUDIT_ACTION_RESUME"].as_slice()),
            (&text(&begun["id"]), &["AUDIT_ACTION_CREATE", "AUDIT_ACTION_CANCEL"]),
        ] {
            let trail = get(platform, &format!("/api/v1/operations/audit?operation_id={id}")).await;
            let trail: Vec<_> = list(&trail["entries"]).iter().map(|entry| text(&entry["action"])).collect();
            for action in actions {
                assert!(trail.iter().any(|told| told == action), "{action} {trail:?}");
            }
        }
    }

    /// A generated world is an operation too: its rows are watched as they grow, it is stopped halfway, and rolled back.
    async fn a_generated_world_is_watched_stopped_and_rolled_back(platform: &Platform) {
        let run = json!({
            "scenario": "seasonal_peak", "seed": "11", "start_date": "2019-01-01", "end_date": "2019-12-31",
            "parameters": { "policy_count": "20000" },
        });
        let run = post(platform, "/api/v1/simulation/runs", json!({ "run": run, "define": true })).await;
        let begun = json!({ "id": run["operation"] });
        listed(platform, "service=simulation&kind=simulation.run", &begun).await;
        let (mut client, ask) = client(platform).await;
        let mut followed = client.watch_operation(ask(&text(&begun["id"]))).await.expect("it is there").into_inner();
        let written = loop {
            let told = followed.next().await.expect("it has not ended").expect("it is followed");
            match told.progress {
                Some(progress) if progress.done > 0 => break progress,
                _ => assert!(!told.done, "{told:?}"),
            }
        };
        assert!(written.done < written.total, "{written:?}");
        post(platform, &path(&begun, ":cancel"), json!({})).await;
        let stopped = get(platform, &path(&begun, ":wait?timeout=60s")).await;
        assert_eq!(stopped["state"], "OPERATION_STATE_CANCELLED", "{stopped}");
        let (status, lines) = platform.json(Method::GET, &path(&begun, ":watch"), None).await;
        assert!(status == 200 && lines.to_string().contains("OPERATION_STATE_CANCELLED"), "{lines}");

        let back = post(platform, &path(&begun, ":rollBack"), json!({ "reason": "a trial" })).await;
        let back = match back["done"] == true {
            true => back,
            false => get(platform, &path(&begun, ":wait?timeout=60s")).await,
        };
        assert_eq!(back["state"], "OPERATION_STATE_ROLLED_BACK", "{back}");
        assert!(whole(&back["rollback"]["undone"]) > 0, "{back}");
        assert_eq!(whole(&back["rollback"]["notUndoneCount"]), 0, "{back}");
        for entity in list(&run["entities"]) {
            let count = json!({ "entity": entity, "measures": ["count(*)"] });
            let found = query(platform, &platform.token, count).await;
            assert_eq!(whole(&found[0][0]), 0, "{entity}");
        }
        let all = get(platform, &path(&begun, "?view=OPERATION_VIEW_FULL")).await;
        let steps = list(&all["details"]["steps"]);
        assert!(steps.iter().all(|step| step["compensation"]["state"] == "COMPENSATION_STATE_DONE"), "{all}");
    }

    /// Work begins by the calendar, and what a schedule began is found by it.
    async fn work_begins_by_the_calendar(platform: &Platform) {
        tables(platform).await;
        let schedule = json!({
            "service": "warehouse", "name": "each second", "kind": "warehouse.check-tables", "cron": "* * * * * *",
        });
        let body = json!({ "schedule": schedule, "request_id": "once" });
        let made = post(platform, "/api/v1/operations/schedules", body).await;
        let at = format!("/api/v1/operations/schedules/warehouse/{}", text(&made["id"]));
        let begun = format!("/api/v1/operations/operations?schedule_id={}", text(&made["id"]));
        testkit::eventually("the schedule to begin two operations", || async {
            let page = get(platform, &begun).await;
            (list(&page["operations"]).len() >= 2).then_some(())
        })
        .await;
        let told = get(platform, "/api/v1/operations/schedules:preview?cron=0%203%20*%20*%20*&count=3").await;
        assert_eq!(list(&told["times"]).len(), 3, "{told}");
        let run = post(platform, &format!("{at}:run"), json!({})).await;
        assert_eq!(run["title"], "each second", "{run}");
        // It is listed under its schedule as those that began by themselves.
        assert_eq!(run["scheduleId"], made["id"], "{run}");
        listed(platform, &format!("schedule_id={}", text(&made["id"])), &run).await;
        let (status, gone) = platform.json(Method::DELETE, &at, None).await;
        assert_eq!(status, 200, "{gone}");
        let (status, _) = platform.json(Method::GET, &at, None).await;
        assert_eq!(status, 404);
    }
}

/// The operations service is stopped; the others work on, and it hears of what they did when it is back. While who works is
/// stopped, the last that was heard is told, and said to be stale.
fn the_face_goes_and_comes_back(backend: testkit::Backend) {
    testkit::run(async {
        let mut platform = Platform::start(backend, Topology::Split, "").await;
        tables(&platform).await;
        let schedule = json!({
            "service": "warehouse", "name": "each second", "kind": "warehouse.check-tables", "cron": "* * * * * *",
        });
        let made = post(
            &platform,
            "/api/v1/operations/schedules",
            json!({ "schedule": schedule }),
        )
        .await;
        let face = platform.process_of("operations");
        platform.halt(face).await;
        let away = platform.clock.now();
        // Messages of work are published while nobody hears them.
        let told = async || {
            let topics = "/api/v1/messaging/topics?prefix=tessera.jobs";
            let page = get(&platform, topics).await;
            let topics = list(&page["topics"]).iter();
            topics.map(|topic| whole(&topic["messages"])).sum::<i64>()
        };
        let before = told().await;
        testkit::eventually("the warehouse to go on", || async {
            (told().await >= before + 6).then_some(())
        })
        .await;
        let back = platform.clock.now();
        platform.resume(face).await;
        let done = testkit::eventually("what was missed to be heard of", || async {
            let query = format!(
                "schedule_id={}&states=OPERATION_STATE_SUCCEEDED&create_time_from={away}&create_time_to={back}",
                text(&made["id"])
            );
            let page = get(&platform, &format!("/api/v1/operations/operations?{query}")).await;
            list(&page["operations"]).first().cloned()
        })
        .await;

        let works = platform.process_of("warehouse");
        platform.halt(works).await;
        let stale = testkit::eventually("the warehouse to be missed", || async {
            let shown = get(&platform, &path(&done, "?view=OPERATION_VIEW_FULL")).await;
            (shown["stale"] == true).then_some(shown)
        })
        .await;
        assert_eq!(stale["state"], "OPERATION_STATE_SUCCEEDED", "{stale}");
        let (status, refusal) = platform
            .json(Method::POST, &path(&done, ":rollBack"), Some(json!({})))
            .await;
        assert_eq!(
            (status, reason(&refusal)),
            (503, "OWNER_UNAVAILABLE"),
            "{refusal}"
        );
        platform.resume(works).await;
        testkit::eventually("the warehouse to be asked again", || async {
            let shown = get(&platform, &path(&done, "")).await;
            (shown["stale"] != true).then_some(())
        })
        .await;
        platform.stop().await;
    });
}

#[test]
fn the_face_goes_and_comes_back_sqlite() {
    the_face_goes_and_comes_back(testkit::Backend::sqlite());
}

#[test]
fn the_face_goes_and_comes_back_postgres() {
    the_face_goes_and_comes_back(testkit::Backend::postgres());
}
