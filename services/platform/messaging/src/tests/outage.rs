//! Redis is away for as long as `TESSERA_OUTAGE_SECONDS` says, a few seconds unless told, while services go on telling what
//! happens: nothing is lost, nothing comes twice or too early, and it goes on at once when Redis is back.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bus::Consumer;
use db::{Databases, Db, Migrations, Migrator};
use testkit::{Backend, Bench, RedisServer, eventually, eventually_within};
use value::{Id, SystemClock};

use super::outbox::{
    AtWork, TOPIC, count_up, counted, messages_of, numbered, on_redis, put, waiting,
};
use super::through::Through;
use super::*;

/// The services that tell of something; they have the tables of the ground alone.
static SERVICES: [(&str, Migrations); 2] = [
    ("first", db::migrations!("first")),
    ("second", db::migrations!("second")),
];
const LANES: [&str; 2] = ["a", "b"];
/// Redis is away for so long unless told.
const USUAL: Duration = Duration::from_secs(3);
/// How often each service tells of something.
const PACE: Duration = Duration::from_millis(100);

fn outage() -> Duration {
    let asked = config::environment().find(|(name, _)| name == "TESSERA_OUTAGE_SECONDS");
    asked.map_or(USUAL, |(_, text)| {
        Duration::from_secs(text.trim().parse().expect("a number of seconds"))
    })
}

/// A service that has an outbox, and the relay of it.
struct Teller {
    name: &'static str,
    db: Db,
    told: i64,
    migrator: Migrator,
    work: AtWork,
}

impl Teller {
    fn begin(
        databases: &Databases,
        (name, migrations): &'static (&'static str, Migrations),
        through: &Arc<Through>,
    ) -> Self {
        let migrator = databases.migrator(migrations).unwrap();
        migrator.up(db::migrate::Steps::All).unwrap();
        let db = databases.service(name).unwrap();
        let work = AtWork::begin(&db, Arc::new(SystemClock), through, Vec::new());
        Self {
            name,
            db,
            told: 0,
            migrator,
            work,
        }
    }

    fn lane(&self, lane: &str) -> String {
        format!("{}-{lane}", self.name)
    }

    /// Tells of the next thing in each lane.
    async fn tell(&mut self, tenant: Id) {
        self.told += 1;
        let events = LANES.map(|lane| numbered(&self.lane(lane), self.told));
        put(&self.db, tenant, events.to_vec()).await;
    }

    /// Whether all of it took effect.
    async fn is_heard(&self, bench: &Bench<Messaging>) -> Result<(), String> {
        for lane in LANES {
            let lane = self.lane(lane);
            let heard = counted(bench.db(), bench.tenant(), &lane).await;
            if heard != self.told {
                return Err(format!("{heard} of {} in {lane}", self.told));
            }
        }
        Ok(())
    }

    async fn end(self) {
        self.work.end().await;
        drop(self.db);
        self.migrator.destroy().unwrap();
    }
}

async fn all_heard(tellers: &[Teller], bench: &Bench<Messaging>) -> Result<(), String> {
    for teller in tellers {
        teller.is_heard(bench).await?;
    }
    Ok(())
}

async fn redis_is_away(backend: Backend, of_services: Backend) {
    let mut server = RedisServer::start_durable().await;
    let bench = Bench::<Messaging>::builder(backend)
        .config(on_redis(&server))
        .start()
        .await;
    let through = Arc::new(Through::new(bench.process()));
    // When the first event came since somebody began to look.
    let first: Arc<Mutex<Option<Instant>>> = Arc::default();
    let noted = Arc::clone(&first);
    let consumer = Consumer::apply("count", TOPIC, move |c, event| {
        count_up(c, event)?;
        noted.lock().unwrap().get_or_insert_with(Instant::now);
        Ok(())
    });
    let work = AtWork::begin(bench.db(), Arc::new(SystemClock), &through, vec![consumer]);
    let databases = Databases::open(&of_services.storage()).unwrap();
    let begin = |service| Teller::begin(&databases, service, &through);
    let mut tellers: Vec<Teller> = SERVICES.iter().map(begin).collect();
    for teller in &mut tellers {
        teller.tell(bench.tenant()).await;
    }
    eventually("what was told before", || async {
        all_heard(&tellers, &bench).await.ok()
    })
    .await;

    server.stop().await;
    let (began, outage) = (Instant::now(), outage());
    let mut tick = tokio::time::interval(PACE);
    while began.elapsed() < outage {
        tick.tick().await;
        for teller in &mut tellers {
            teller.tell(bench.tenant()).await;
        }
    }
    for teller in &tellers {
        let behind = i64::try_from(LANES.len()).unwrap() * (teller.told - 1);
        assert_eq!(waiting(&teller.db).await, behind, "all of it waits");
    }
    *first.lock().unwrap() = None;
    // From before it starts: how long it takes to be there is not left out.
    let returned = Instant::now();
    server.restart().await;
    eventually_within(Duration::from_secs(60), "all that waited", || {
        all_heard(&tellers, &bench)
    })
    .await;
    let all = returned.elapsed();
    let first = first.lock().unwrap().expect("something came");
    let first = first.duration_since(returned);
    let told: i64 = tellers.iter().map(|teller| teller.told).sum();
    let told = told * i64::try_from(LANES.len()).unwrap();
    println!(
        "Redis was away for {:.1} s: the first of {told} events came {first:.2?} after its return, all within {all:.2?}",
        outage.as_secs_f64()
    );
    // Each is in the log once, too: what a relay handed on without hearing of it was known again.
    let mut found = 0;
    for teller in &tellers {
        for lane in LANES {
            let there = messages_of(&mut client(bench.admin()), &teller.lane(lane)).await;
            let numbers = there.iter().map(|one| one.json.clone());
            let expected =
                (1..=teller.told).map(|number| Some(json(&format!(r#"{{"name": "{number}"}}"#))));
            assert!(numbers.eq(expected), "{} {lane}", teller.name);
            found += there.len();
        }
    }
    assert_eq!(i64::try_from(found).unwrap(), told);
    for teller in tellers {
        teller.end().await;
    }
    work.end().await;
}

/// Proves: MSG-02
#[test]
fn redis_is_away_for_a_while_sqlite() {
    testkit::run(redis_is_away(Backend::sqlite(), Backend::sqlite()));
}

/// Proves: MSG-02
#[test]
fn redis_is_away_for_a_while_postgres() {
    testkit::run(redis_is_away(Backend::postgres(), Backend::postgres()));
}
