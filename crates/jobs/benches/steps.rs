//! Steps a second on both databases, with a full flush to disk, one job alone and eight at once; and what a page of a history of a
//! million steps costs. `STEPS=2000 cargo bench -p tessera-jobs`; PostgreSQL where `TESSERA_TEST_POSTGRES_URL` names one.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use auth::Scope;
use db::diesel::{self, RunQueryDsl};
use db::{Conn, Databases, Db, Migrations, StorageConfig};
use jobs::{Contract, Job, Jobs, Kinds, Run, Stop, Submission};
use proto::tessera::jobs::v1::{ListStepsRequest, jobs_service_server::JobsService};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use value::Id;

static MIGRATIONS: Migrations = db::migrations!("bench");
const HISTORY: i64 = 1_000_000;

/// So many steps that do nothing but be recorded.
struct Steps;

impl Job for Steps {
    const KIND: &'static str = "bench.steps";
    const TITLE: &'static str = "Steps";
    type Input = i64;
    type State = ();
    type Output = ();

    async fn run(&self, run: &mut Run, steps: i64, (): ()) -> Result<(), Stop> {
        for number in 0..steps {
            run.step(format!("step {number}"))
                .local(move |_| Ok(number))
                .await?;
        }
        Ok(())
    }
}

fn asked(name: &str) -> Option<String> {
    config::environment()
        .find(|(key, _)| key == name)
        .map(|(_, text)| text)
}

async fn pace(jobs: &Jobs, scope: &Scope, at_once: i64, steps: i64) -> f64 {
    let began = Instant::now();
    let mut ids = Vec::new();
    for _ in 0..at_once {
        ids.push(
            jobs.submit::<Steps>(scope, Submission::new(steps))
                .await
                .unwrap()
                .id,
        );
    }
    for id in ids {
        let done = jobs.wait(scope, id).await.unwrap();
        assert_eq!(done.state, jobs::State::Succeeded);
    }
    (at_once * steps) as f64 / began.elapsed().as_secs_f64()
}

/// Makes a history of a million steps for a job by copying what it has.
async fn lengthen(db: &Db, job: Id) {
    let scope = Scope::system_all("bench");
    let mut have = 1_000;
    while have < HISTORY {
        let more = have.min(HISTORY - have);
        let work = move |c: &mut Conn| {
            let columns = "name, kind, state, live, input, output, attempts, max_attempts, error, quality, confidence, undo, \
                           undo_name, undo_input, undo_attempts, undo_error, undone_at, ended_at, created_at, updated_at";
            let id = match c {
                Conn::Sqlite(_) => format!("x'{}'", job.as_uuid().simple()),
                Conn::Pg(_) => format!("'{job}'"),
            };
            let sql = format!(
                "INSERT INTO job_steps (tenant, job_id, seq, {columns}) SELECT tenant, job_id, seq + {have}, {columns} \
                 FROM job_steps WHERE job_id = {id} AND seq <= {more}"
            );
            diesel::sql_query(sql).execute(c)?;
            Ok(())
        };
        db.append(&scope, work).await.unwrap();
        have += more;
    }
}

/// The median, the 99th of a hundred, and the slowest of the pages of a history, all of them.
async fn pages(jobs: &Jobs, tenant: Id, job: Id) -> [Duration; 3] {
    let contract = Contract::new();
    contract.add(jobs.clone());
    let mut times = Vec::new();
    let mut token = String::new();
    loop {
        let ask = ListStepsRequest {
            service: "bench".to_owned(),
            tenant_id: tenant.to_string(),
            job_id: job.to_string(),
            page_size: 500,
            page_token: token.clone(),
        };
        let began = Instant::now();
        let page = contract
            .list_steps(tonic::Request::new(ask))
            .await
            .unwrap()
            .into_inner();
        times.push(began.elapsed());
        assert_eq!(page.steps.len(), 500);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    times.sort();
    let at = |hundredth: usize| times[(times.len() * hundredth / 100).min(times.len() - 1)];
    [at(50), at(99), at(100)]
}

async fn on(name: &str, url: &str, steps: i64) {
    let folder = tempfile::tempdir().unwrap();
    let config = StorageConfig {
        url: url.to_owned(),
        data_dir: folder.path().to_owned(),
        schema_prefix: format!("b{}_", Id::new().as_uuid().simple()),
        ..StorageConfig::default()
    };
    let databases = Databases::open(&config).unwrap();
    let migrator = databases.migrator(&MIGRATIONS).unwrap();
    migrator.up(db::migrate::Steps::All).unwrap();
    let db = databases.service("bench").unwrap();
    let settings = jobs::Config {
        workers: 8,
        ..jobs::Config::default()
    };
    let jobs = Jobs::new(db.clone(), settings);
    jobs.offer(Kinds::new().with(Steps));
    let stop = CancellationToken::new();
    let worker = tokio::spawn(jobs.clone().work(stop.clone()));
    let scope = Scope::system(Id::new(), "bench");
    let alone = pace(&jobs, &scope, 1, steps).await;
    let together = pace(&jobs, &scope, 8, steps).await;
    println!("| {name} | {alone:.0} | {together:.0} |");

    let long = jobs
        .submit::<Steps>(&scope, Submission::new(1_000))
        .await
        .unwrap();
    jobs.wait(&scope, long.id).await.unwrap();
    lengthen(&db, long.id).await;
    let [median, most, slowest] = pages(&jobs, scope.tenant(), long.id).await;
    println!(
        "{name}: a page of 500 of {HISTORY} steps: median {median:?}, p99 {most:?}, slowest {slowest:?}"
    );
    stop.cancel();
    worker.await.unwrap();
    drop(jobs);
    migrator.destroy().unwrap();
    assert!(
        most < Duration::from_millis(100),
        "a page is under 100 ms, but for what others do on the machine"
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let steps = asked("STEPS").map_or(1_000, |text| text.trim().parse().unwrap());
    println!("| steps a second | one job | eight at once |\n|---|---|---|");
    runtime.block_on(async {
        on("SQLite", "", steps).await;
        if let Some(url) = asked("TESSERA_TEST_POSTGRES_URL") {
            on("PostgreSQL", &url, steps).await;
        }
    });
}
