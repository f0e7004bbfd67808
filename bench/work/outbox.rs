//! From the outbox of a service to the inbox of a service: a transaction that tells of something, and one that it takes effect in.

use crate::{asked, load::halves, ours};
use auth::Scope;
use bus::{Consumer, Event, Relay};
use db::{Databases, Db, Migrations, StorageConfig};
use error::Error;
use messaging::Messages;
use proto_platform::tessera::messaging::v1 as pb;
use server::Process;
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::sync::watch;
use value::{Clock, Id, SystemClock};

static MIGRATIONS: Migrations = db::migrations!("bench");
const TOPIC: &str = "tessera.bench.v1.Counted";
/// Events in all, and in one transaction, where as many as possible are told.
const MANY: usize = 10_000;
const AT_ONCE: usize = 100;
/// Events that come one by one, and a second.
const FEW: usize = 200;
const PACE: u32 = 50;
/// What events are ordered with.
const LANES: usize = 64;

/// When each event took effect.
type Effects = Arc<Mutex<Vec<Option<Instant>>>>;

fn counted(number: usize) -> Event {
    let message = pb::GetTopicRequest {
        name: number.to_string(),
    };
    Event::new(
        TOPIC,
        number % LANES,
        i64::try_from(number).expect("few"),
        &message,
    )
}

async fn tell(db: &Db, scope: &Scope, numbers: std::ops::Range<usize>) {
    let (own, now) = (scope.clone(), SystemClock.now());
    let events: Vec<_> = numbers.map(counted).collect();
    let told = db.write(scope, move |c| bus::publish(c, &own, now, events.clone()));
    told.await.expect("it commits");
}

async fn all_came(effects: &Effects, until: usize) {
    let began = Instant::now();
    loop {
        let came = effects.lock().expect("nobody panics")[..until]
            .iter()
            .all(Option::is_some);
        if came {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "events are lost"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn on(name: &str, folder: &Path, url: &str) {
    let prefix = format!("b{}_", &Id::new().as_uuid().simple().to_string()[20..]);
    let data = folder.join(name);
    std::fs::create_dir_all(&data).expect("a folder");
    let process = Process::start(ours::settings(&data, true, ""))
        .await
        .expect("it starts");
    let config = StorageConfig {
        url: url.to_owned(),
        data_dir: data.clone(),
        schema_prefix: prefix,
        ..StorageConfig::default()
    };
    let databases = Databases::open(&config).expect("a database");
    let migrator = databases.migrator(&MIGRATIONS).expect("migrations");
    migrator.up(db::migrate::Steps::All).expect("they run");
    let db = databases.service("bench").expect("a database");
    let way: Arc<dyn bus::Messaging> =
        Arc::new(Messages::new(process.directory().channel("messaging")));
    let (clock, effects): (Arc<dyn Clock>, Effects) = (
        Arc::new(SystemClock),
        Arc::new(Mutex::new(vec![None; MANY + FEW])),
    );
    let seen = Arc::clone(&effects);
    let consumer = Consumer::apply("count", TOPIC, move |_, event| {
        let message: pb::GetTopicRequest = event.decode()?;
        let number: usize = message.name.parse().map_err(Error::internal)?;
        seen.lock().expect("nobody panics")[number] = Some(Instant::now());
        Ok(())
    });
    let (stop, stopped) = watch::channel(false);
    let signal = || {
        let mut stopped = stopped.clone();
        Box::pin(async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        })
    };
    let relay = Relay::new(db.clone(), Arc::clone(&clock), Arc::clone(&way));
    let relaying = tokio::spawn(relay.run(signal()));
    let consuming = tokio::spawn(consumer.run(db.clone(), clock, way, signal()));

    let scope = Scope::system(Id::new(), "bench");
    let began = Instant::now();
    for from in (0..MANY).step_by(AT_ONCE) {
        tell(&db, &scope, from..from + AT_ONCE).await;
    }
    let told = MANY as f64 / began.elapsed().as_secs_f64();
    all_came(&effects, MANY).await;
    let came = MANY as f64 / began.elapsed().as_secs_f64();

    let mut tick = tokio::time::interval(Duration::from_secs(1) / PACE);
    let mut begun = Vec::new();
    for number in MANY..MANY + FEW {
        tick.tick().await;
        begun.push(Instant::now());
        tell(&db, &scope, number..number + 1).await;
    }
    all_came(&effects, MANY + FEW).await;
    let times = {
        let effects = effects.lock().expect("nobody panics");
        let came = effects[MANY..].iter().map(|came| came.expect("it came"));
        halves(
            came.zip(begun)
                .map(|(came, begun)| came.duration_since(begun))
                .collect(),
        )
    };
    println!(
        "| {name} | {told:.0} | {came:.0} | {:.2} ms | {:.2} ms |",
        times.0, times.1
    );
    stop.send_replace(true);
    relaying.await.expect("it stops");
    consuming.await.expect("it stops");
    process.stop().await;
    drop(db);
    migrator.destroy().expect("it is gone");
}

/// Both databases of the services; messaging itself has its log in files, and on disk before it acknowledges.
pub(crate) async fn measure(folder: &Path) {
    println!(
        "\n| outbox to inbox | told a second, {AT_ONCE} in a commit | took effect a second | one: p50 | p99 |\n|---|---|---|---|---|"
    );
    on("SQLite", folder, "").await;
    if let Some(url) = asked("TESSERA_TEST_POSTGRES_URL") {
        on("PostgreSQL", folder, &url).await;
    }
}
