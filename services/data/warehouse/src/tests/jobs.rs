//! The jobs that compare tables and bring them in line, through the contract of jobs.

use super::house::*;
use proto::tessera::jobs::v1::{self as pb, jobs_service_client::JobsServiceClient};
use proto_meaning::tessera::metadata::v1::{DataType, EntityKind};
use serde_json::{Value as Json, json};
use testkit::eventually;

const CHECK: &str = "warehouse.check-tables";
const APPLY: &str = "warehouse.apply-tables";

async fn submit(channel: rpc::Channel, kind: &str, input: &str) -> pb::Job {
    let ask = pb::SubmitJobRequest {
        service: "warehouse".to_owned(),
        kind: kind.to_owned(),
        input: input.to_owned(),
        ..Default::default()
    };
    let mut client = JobsServiceClient::new(channel.clone());
    let job = client.submit_job(ask).await.unwrap().into_inner();
    until(channel, &job.id, |job| job.end_time.is_some()).await
}

/// The job, once it is as wanted.
async fn until(channel: rpc::Channel, id: &str, holds: impl Fn(&pb::Job) -> bool) -> pb::Job {
    let ask = pb::GetJobRequest {
        service: "warehouse".to_owned(),
        job_id: id.to_owned(),
        ..Default::default()
    };
    eventually("the job to get on", async || {
        let mut client = JobsServiceClient::new(channel.clone());
        let job = client.get_job(ask.clone()).await.unwrap().into_inner();
        holds(&job).then_some(job)
    })
    .await
}

fn output(job: &pb::Job) -> Json {
    assert_eq!(job.state(), pb::JobState::Succeeded, "{job:?}");
    serde_json::from_str(&job.output).unwrap()
}

testkit::both! {
    async fn tables_are_checked_one_by_one(house: House) {
        house.define(claim());
        house.insert("claim", "claim_id, day, state, parts, amount", &[("'a', '2026-01-31', 'open', 2, 12345", Some("2026-01-31T00:00:00Z"))]).await;
        let job = submit(house.bench.process_for_admin(), CHECK, "").await;
        assert_eq!(job.state(), pb::JobState::Succeeded, "{job:?}");
        assert_eq!(job.output, r#"{"checked":1,"drifts":0}"#);
        assert_eq!(job.steps, 2);
        let progress = job.progress.unwrap();
        assert_eq!((progress.done, progress.total, progress.message.as_str()), (1, 1, "looked at claim"));
        let place = house.place("claim").await;
        house.by_hand(&format!("ALTER TABLE {place} DROP COLUMN parts")).await;
        let job = submit(house.bench.process_for_admin(), CHECK, r#"{"repair":true}"#).await;
        assert_eq!(job.output, r#"{"checked":1,"drifts":1}"#);
        assert_eq!(house.check(false).await, [], "it is put right");
        let denied = submit(house.bench.process_with_row_filters(&["warehouse.tables.read"], &[]), CHECK, "").await;
        assert_eq!((denied.state(), denied.error.unwrap().reason.as_str()), (pb::JobState::Failed, "PERMISSION_DENIED"));
    }

    /// The migration of tables to their definitions is durable work; what cannot follow is told and keeps no other from it.
    async fn tables_are_brought_in_line_one_by_one(house: House) {
        let mut changed = house.define(claim());
        house.define(entity("shop", EntityKind::Dimension, vec![key("shop_id", DataType::String)]));
        let admin = || house.bench.process_for_admin();
        let made = output(&submit(admin(), APPLY, "").await);
        assert_eq!(made, json!({ "tables": 2, "changed": 2, "problems": [] }));
        house.insert("claim", "claim_id, day, state, parts, amount", &[("'a', '2026-01-31', 'open', 2, 12345", Some("2026-01-31T00:00:00Z"))]).await;

        changed.attributes.push(attribute("note", DataType::String));
        let changed = house.define(changed);
        let job = submit(admin(), APPLY, "").await;
        assert_eq!(output(&job), json!({ "tables": 2, "changed": 1, "problems": [] }));
        assert!(house.column("claim", "note").await == [None], "its row has it");
        let progress = job.progress.unwrap();
        assert_eq!((progress.done, progress.total), (2, 2));

        let mut stuck = changed.clone();
        one(&mut stuck, "state").set_type(DataType::Integer);
        house.define(stuck);
        let told = output(&submit(admin(), APPLY, r#"{"entities":["claim"]}"#).await);
        let problems = told["problems"].as_array().unwrap();
        assert!(problems.len() == 1 && problems[0].as_str().unwrap().starts_with("claim: "), "{told}");
        assert_eq!((&told["tables"], &told["changed"]), (&json!(1), &json!(0)));

        let ask = pb::RollBackJobRequest { service: "warehouse".to_owned(), job_id: job.id.clone(), ..Default::default() };
        JobsServiceClient::new(admin()).roll_back_job(ask).await.unwrap();
        let back = until(admin(), &job.id, |job| job.state() == pb::JobState::RolledBack).await;
        let stays = back.rollback.unwrap().not_undone;
        assert!(stays.len() == 1 && stays[0].reason.contains("restore an earlier version"), "{stays:?}");

        let reader = house.bench.process_with_row_filters(&["warehouse.tables.read"], &[]);
        let denied = submit(reader, APPLY, "").await;
        assert_eq!((denied.state(), denied.error.unwrap().reason.as_str()), (pb::JobState::Failed, "PERMISSION_DENIED"));
    }
}
