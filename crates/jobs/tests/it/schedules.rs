//! Schedules through the RPCs that make them, and what time does to them and to jobs.

use crate::{
    contract::{Client, reason},
    kinds::*,
    support::*,
};
use jobs::{Config, Kinds, State, Submission};
use proto::tessera::jobs::v1::{self as pb, jobs_service_server::JobsService};
use tonic::Request;
use value::Id;

both! {
    /// What is begun by hand for a schedule is that schedule's.
    async fn a_job_may_be_the_work_of_a_schedule(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count).with(Gather::default()));
        let client = Client::of(bench, &jobs);
        let schedule = |kind: &str| pb::CreateScheduleRequest {
            service: "things".into(),
            tenant_id: client.tenant.clone(),
            schedule: Some(pb::Schedule { name: kind.into(), kind: kind.into(), cron: "0 3 * * *".into(), input: "1".into(), ..Default::default() }),
            ..Default::default()
        };
        let mut counts = schedule("things.count");
        counts.schedule.as_mut().unwrap().input = r#"{"steps":1}"#.into();
        let mut ids = Vec::new();
        for made in [counts, schedule("things.gather")] {
            ids.push(client.contract.create_schedule(Request::new(made)).await.unwrap().into_inner().id);
        }
        let submit = async |schedule: &str, tenant: &str| {
            let ask = pb::SubmitJobRequest {
                service: "things".into(),
                tenant_id: tenant.into(),
                kind: "things.count".into(),
                input: r#"{"steps":1}"#.into(),
                schedule_id: schedule.into(),
                ..Default::default()
            };
            client.contract.submit_job(Request::new(ask)).await.map(tonic::Response::into_inner)
        };
        let job = submit(&ids[0], &client.tenant).await.unwrap();
        assert_eq!(job.schedule_id, ids[0]);
        let heard = bench.told(job.id.parse().unwrap()).await;
        assert_eq!(heard[0].job.as_ref().unwrap().schedule_id, ids[0], "whoever lists by schedule hears of it");
        let wrong = error::Error::from(submit(&ids[1], &client.tenant).await.unwrap_err());
        assert_eq!(wrong.violations()[0].field, "schedule_id");
        assert_eq!(reason(submit(&Id::new().to_string(), &client.tenant).await.unwrap_err()), "NOT_FOUND");
        assert_eq!(reason(submit(&ids[0], &Id::new().to_string()).await.unwrap_err()), "NOT_FOUND");
    }

    async fn schedules_submit_their_jobs(bench) {
        let jobs = bench.jobs(quick(), Kinds::new().with(Count).with(Mixed::default()));
        let client = Client::of(bench, &jobs);
        let ask = |name: &str, kind: &str, cron: &str, rule: pb::CatchUp| pb::CreateScheduleRequest {
            service: "things".into(),
            tenant_id: client.tenant.clone(),
            schedule: Some(pb::Schedule {
                name: name.into(),
                kind: kind.into(),
                cron: cron.into(),
                time_zone: "Europe/Berlin".into(),
                catch_up: rule.into(),
                input: r#"{"steps":2}"#.into(),
                ..Default::default()
            }),
            request_id: "r1".into(),
        };
        let make = async |ask| client.contract.create_schedule(Request::new(ask)).await;
        let closed = make(ask("x", "things.mixed", "* * * * *", pb::CatchUp::All)).await;
        assert_eq!(reason(closed.unwrap_err()), "JOB_KIND_CLOSED");
        let wrong = make(ask("x", "things.count", "every day", pb::CatchUp::All)).await;
        let wrong = error::Error::from(wrong.unwrap_err());
        assert_eq!((wrong.reason(), wrong.violations()[0].field.as_str()), ("SCHEDULE_INVALID", "schedule.cron"));
        let all = make(ask("all", "things.count", "* * * * * *", pb::CatchUp::All)).await.unwrap().into_inner();
        let again = make(ask("all", "things.count", "* * * * * *", pb::CatchUp::All)).await.unwrap().into_inner();
        assert_eq!(all.id, again.id);
        // Three seconds passed while nobody looked.
        let back = if bench.is_postgres() { "next_at - interval '3 seconds'" } else { "next_at - 3000000" };
        bench.by_hand(format!("UPDATE job_schedules SET next_at = {back}")).await;
        let worker = Worker::start(&jobs);
        let scope = bench.scope();
        let row = loop {
            let ask = pb::GetScheduleRequest { service: "things".into(), tenant_id: client.tenant.clone(), schedule_id: all.id.clone() };
            let row = client.contract.get_schedule(Request::new(ask)).await.unwrap().into_inner();
            if !row.last_job_id.is_empty() {
                break row;
            }
            tokio::task::yield_now().await;
        };
        until(&jobs, &scope, row.last_job_id.parse().unwrap(), State::Succeeded).await;
        let ask = pb::ListJobsRequest { service: "things".into(), tenant_id: client.tenant.clone(), ..Default::default() };
        let listed = client.contract.list_jobs(Request::new(ask)).await.unwrap().into_inner().jobs;
        assert!(listed.len() >= 3, "one job for each time that passed: {}", listed.len());
        assert!(listed.iter().all(|job| job.schedule_id == all.id));
        worker.stop().await;
    }

    async fn what_ended_long_ago_is_forgotten_and_long_histories_are_cut(bench) {
        let config = Config { compact_after: config::Span::from_millis(1), ..quick() };
        let jobs = bench.jobs(config, Kinds::new().with(Count));
        let scope = bench.scope();
        let worker = Worker::start(&jobs);
        let long = jobs.submit::<Count>(&scope, Submission::new(To { steps: 5, each: 0 })).await.unwrap();
        until(&jobs, &scope, long.id, State::Succeeded).await;
        worker.stop().await;
        // As if it had had many more steps, none of which can be undone.
        bench.by_hand("UPDATE jobs SET steps = 1003".into()).await;
        bench.by_hand("UPDATE job_steps SET undo = 'none' WHERE seq < 4".into()).await;
        jobs.sweep().await.unwrap();
        let cut = jobs.get(&scope, long.id).await.unwrap();
        assert_eq!((cut.first_step, cut.steps), (4, 1003));
        let short = Config { keep: config::Span::from_millis(1), ..quick() };
        bench.jobs(short, Kinds::new().with(Count)).sweep().await.unwrap();
        assert_eq!(jobs.get(&scope, long.id).await.unwrap_err().reason(), "NOT_FOUND");
    }
}
