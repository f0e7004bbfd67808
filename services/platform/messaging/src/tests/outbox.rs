//! From the outbox of a service to the inbox of another: once, in order, whatever gets lost on the way.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use auth::Scope;
use bus::{Consumer, Event, Messaging as _, Received, Relay};
use db::{Conn, Db, Failure};
use diesel::prelude::*;
use error::Error;
use testkit::{Backend, Bench, RedisServer, eventually};
use tokio::sync::watch;
use value::{Clock, Id, SystemClock};

use super::through::Through;
use super::*;
use crate::schema::progress;

pub(super) const TOPIC: &str = "tessera.messaging.v1.GetTopicRequest";

/// An event of a lane, with its number in it.
pub(super) fn numbered(lane: &str, number: i64) -> Event {
    let message = pb::GetTopicRequest {
        name: number.to_string(),
    };
    Event::new(TOPIC, lane, number, &message)
}

pub(super) async fn put(db: &Db, tenant: Id, events: Vec<Event>) {
    let (scope, now) = (scope_of(tenant), SystemClock.now());
    let own = scope.clone();
    let put = db.write(&scope, move |c| bus::publish(c, &own, now, events.clone()));
    put.await.unwrap();
}

fn scope_of(tenant: Id) -> Scope {
    Scope::system(tenant, "test")
}

/// Counts a lane up: an event that is lost, comes twice or too early fails.
pub(super) fn count_up(c: &mut Conn, event: &Received) -> Result<(), Failure> {
    let message: pb::GetTopicRequest = event.decode()?;
    let number: i64 = message.name.parse().map_err(Error::internal)?;
    let (tenant, lane) = (event.content.tenant, event.content.key.clone());
    let before: Option<i64> = progress::table
        .find((tenant, &lane))
        .select(progress::position)
        .first(c)
        .optional()?;
    if before.unwrap_or(0) + 1 != number {
        let text = format!("{number} came after {before:?} in {lane}");
        return Err(Error::internal(text).into());
    }
    let now = SystemClock.now();
    match before {
        Some(_) => diesel::update(progress::table.find((tenant, &lane)))
            .set(progress::position.eq(number))
            .execute(c)?,
        None => diesel::insert_into(progress::table)
            .values((
                progress::tenant.eq(tenant),
                progress::name.eq(&lane),
                progress::position.eq(number),
                progress::created_at.eq(now),
                progress::updated_at.eq(now),
                progress::version.eq(1_i64),
            ))
            .execute(c)?,
    };
    Ok(())
}

pub(super) async fn counted(db: &Db, tenant: Id, lane: &str) -> i64 {
    let (lane, scope) = (lane.to_owned(), scope_of(tenant));
    let read = db.read(&scope, move |c| {
        let found: Option<i64> = progress::table
            .find((tenant, lane))
            .select(progress::position)
            .first(c)
            .optional()?;
        Ok(found.unwrap_or(0))
    });
    read.await.unwrap()
}

/// A relay and a consumer at work.
pub(super) struct AtWork(watch::Sender<bool>, Vec<tokio::task::JoinHandle<()>>);

impl AtWork {
    pub(super) fn begin(
        db: &Db,
        clock: Arc<dyn Clock>,
        through: &Arc<Through>,
        consumers: Vec<Consumer>,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let signal = || {
            let mut stopped = stopped.clone();
            Box::pin(async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            })
        };
        let way: Arc<dyn bus::Messaging> = Arc::clone(through) as _;
        let relay = Relay::new(db.clone(), Arc::clone(&clock), Arc::clone(&way));
        let mut tasks = vec![tokio::spawn(relay.run(signal()))];
        for consumer in consumers {
            let run = consumer.run(db.clone(), Arc::clone(&clock), Arc::clone(&way), signal());
            tasks.push(tokio::spawn(run));
        }
        Self(stop, tasks)
    }

    pub(super) async fn end(self) {
        self.0.send_replace(true);
        for task in self.1 {
            task.await.unwrap();
        }
    }
}

/// The messages of a key, all of them.
pub(super) async fn messages_of(client: &mut Client, key: &str) -> Vec<pb::Message> {
    let filter = pb::MessageFilter {
        key: key.into(),
        ..pb::MessageFilter::default()
    };
    let mut request = pb::ListMessagesRequest {
        filter: Some(filter),
        page_size: 1000,
        ..pb::ListMessagesRequest::default()
    };
    let mut all = Vec::new();
    loop {
        let page = client.list_messages(request.clone()).await.unwrap();
        let page = page.into_inner();
        all.extend(page.messages);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

async fn messages(client: &mut Client) -> Vec<pb::Message> {
    let request = pb::ListMessagesRequest {
        page_size: 1000,
        ..pb::ListMessagesRequest::default()
    };
    client
        .list_messages(request)
        .await
        .unwrap()
        .into_inner()
        .messages
}

pub(super) async fn waiting(db: &Db) -> i64 {
    let scope = Scope::system_all("test");
    db.read(&scope, db::outbox::backlog).await.unwrap().0
}

testkit::both! {
    /// The log has each event once though publishers never heard of it, and each takes effect once though messaging
    /// never heard of that. Proves: EVT-06
    async fn what_answers_are_lost_for_happens_once_and_in_order(bench: Bench<Messaging>) {
        let through = Arc::new(Through::new(bench.process()));
        through.lost_publishes.store(3, Ordering::Relaxed);
        through.lost_settles.store(3, Ordering::Relaxed);
        // In small batches, so that there are acknowledgements enough to lose.
        let consumer = Consumer::apply("count", TOPIC, count_up).ack_wait(Duration::from_millis(300)).batch(4).together(2);
        // Deliveries that are never acknowledged come again by the service's clock.
        let work = AtWork::begin(bench.db(), Arc::new(SystemClock), &through, vec![consumer]);
        let tenants = [bench.tenant(), bench.other_tenant()];
        for number in 1..=20 {
            for tenant in tenants {
                put(bench.db(), tenant, vec![numbered("a", number), numbered("b", number)]).await;
            }
        }
        for tenant in tenants {
            for lane in ["a", "b"] {
                eventually("every event", || async {
                    bench.clock().advance(Duration::from_millis(50));
                    (counted(bench.db(), tenant, lane).await == 20).then_some(())
                }).await;
            }
        }
        // The relay hears of it when it publishes them once more.
        eventually("an empty outbox", || async { (waiting(bench.db()).await == 0).then_some(()) }).await;
        assert_eq!(messages(&mut client(bench.admin())).await.len(), 40);
        assert_eq!(through.lost_publishes.load(Ordering::Relaxed), 0);
        assert_eq!(through.lost_settles.load(Ordering::Relaxed), 0);
        work.end().await;
    }

    /// What follows from an event says so. Proves: MSG-04
    async fn what_follows_from_an_event_belongs_to_the_same(bench: Bench<Messaging>) {
        let through = Arc::new(Through::new(bench.process()));
        let follow = Consumer::apply("follow", "tessera.first.v1.*", |c, event| {
            let scope = scope_of(event.content.tenant);
            let second = Event::new("tessera.second.v1.Done", "k", 1, &pb::GetTopicRequest::default());
            bus::publish(c, &scope, SystemClock.now(), vec![second.with_header("step", "two")])
        });
        let work = AtWork::begin(bench.db(), Arc::new(SystemClock), &through, vec![follow]);
        let first = Event::new("tessera.first.v1.Begun", "k", 1, &pb::GetTopicRequest::default());
        let id = first.id.to_string();
        put(bench.db(), bench.tenant(), vec![first.correlated("order-7")]).await;
        let admin = client(bench.admin());
        let second = eventually("what follows", || async {
            messages(&mut admin.clone()).await.into_iter().find(|one| one.topic == "tessera.second.v1.Done")
        }).await;
        assert_eq!((second.correlation_id.as_str(), second.causation_id), ("order-7", id));
        assert_eq!(second.metadata["step"], "two");
        assert_eq!(second.source, "/services/messaging");
        work.end().await;
    }

    async fn an_event_comes_in_its_time(bench: Bench<Messaging>) {
        let through = Arc::new(Through::new(bench.process()));
        let now = Clock::now(bench.clock());
        put(bench.db(), bench.tenant(), vec![
            numbered("a", 1).due_at(now + Duration::from_secs(60)), numbered("a", 2),
        ]).await;
        let relay = Relay::new(bench.db().clone(), Arc::new(SystemClock), through);
        assert_eq!(relay.once().await.unwrap(), 2);
        let mut admin = client(bench.admin());
        assert_eq!(messages(&mut admin).await.len(), 1);
        bench.clock().advance(Duration::from_secs(61));
        eventually("the event", || async { (messages(&mut admin.clone()).await.len() == 2).then_some(()) }).await;
    }

    /// One event that messaging does not take holds up what follows it, and nothing else.
    async fn an_event_that_is_not_taken_holds_up_its_lane_only(bench: Bench<Messaging>) {
        let through = Arc::new(Through::new(bench.process()));
        let bad = Event { topic: "no topic!".into(), ..numbered("a", 2) };
        let bad_id = bad.id;
        put(bench.db(), bench.tenant(), vec![
            numbered("a", 1), bad, numbered("a", 3), numbered("b", 1), numbered("c", 1),
        ]).await;
        let relay = Relay::new(bench.db().clone(), Arc::new(SystemClock), through);
        assert_eq!(relay.once().await.unwrap(), 3);
        assert_eq!(relay.once().await.unwrap(), 0);
        put(bench.db(), bench.tenant(), vec![numbered("b", 2)]).await;
        assert_eq!(relay.once().await.unwrap(), 1);
        let mut keys: Vec<_> = messages(&mut client(bench.admin())).await.into_iter().map(|one| one.key).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["a", "b", "b", "c"]);
        assert_eq!(waiting(bench.db()).await, 2);
        // Somebody puts it right; nobody waits longer than the lease.
        let everyone = Scope::system_all("test");
        bench.db().write(&everyone, move |c| db::outbox::delete(c, &[bad_id])).await.unwrap();
        eventually("what follows", || async { (relay.once().await.unwrap() == 1).then_some(()) }).await;
    }

    /// An event that cannot be applied is a dead letter of its tenant, of which nothing is stored, and applied when it is
    /// given back after the cause is gone.
    async fn what_cannot_be_applied_is_listed_and_given_back(bench: Bench<Messaging>) {
        let through = Arc::new(Through::new(bench.process()));
        let consumer = Consumer::apply("count", TOPIC, |c, event| {
            count_up(c, event)?;
            match event.decode::<pb::GetTopicRequest>()?.name.as_str() {
                "2" => Err(Error::invalid_field("name", "MISSING", "must be there").into()),
                _ => Ok(()),
            }
        });
        let work = AtWork::begin(bench.db(), Arc::new(SystemClock), &through, vec![consumer]);
        let tenant = bench.tenant();
        put(bench.db(), tenant, vec![numbered("a", 1), numbered("a", 2), numbered("b", 1)]).await;
        let admin = client(bench.admin());
        let letter = eventually("the dead letter", || async {
            let list = pb::ListDeadLettersRequest::default();
            admin.clone().list_dead_letters(list).await.unwrap().into_inner().dead_letters.pop()
        }).await;
        assert!(letter.reason.contains("INVALID_REQUEST"), "{}", letter.reason);
        assert_eq!(letter.message.unwrap().json, Some(json(r#"{"name": "2"}"#)));
        eventually("the other lane", || async { (counted(bench.db(), tenant, "b").await == 1).then_some(()) }).await;
        assert_eq!(counted(bench.db(), tenant, "a").await, 1, "nothing of it is stored");
        let mut stranger = client(bench.stranger());
        let none = stranger.list_dead_letters(pb::ListDeadLettersRequest::default()).await.unwrap().into_inner();
        assert!(none.dead_letters.is_empty());
        work.end().await;
        let repaired = Consumer::apply("count", TOPIC, count_up);
        let work = AtWork::begin(bench.db(), Arc::new(SystemClock), &through, vec![repaired]);
        let replay = pb::ReplayDeadLettersRequest { ids: vec![letter.id] };
        assert_eq!(admin.clone().replay_dead_letters(replay).await.unwrap().into_inner().replayed, 1);
        eventually("the event", || async { (counted(bench.db(), tenant, "a").await == 2).then_some(()) }).await;
        work.end().await;
    }
}

/// What was on disk when the process was killed, and not yet acknowledged, is known after the start.
#[test]
fn a_kill_between_disk_and_acknowledgement_is_no_second_message() {
    testkit::run(async {
        use crate::backend::{Backend as _, embedded};
        use crate::broker::{Broker, Outgoing};
        let bench = Bench::<Messaging>::on(testkit::Backend::sqlite()).await;
        let folder = tempfile::tempdir().unwrap();
        let options = embedded::Options {
            folder: folder.path().join("log"),
            segment_bytes: 1 << 20,
            durable: true,
            sync_every: Duration::from_secs(1),
            recent_bytes: 1 << 20,
            patience: Duration::ZERO,
        };
        let stored = crate::model::stored::Stored {
            tenant: bench.tenant(),
            topic: "t".into(),
            lane: None,
            level: auth::clearance::Level::Internal,
            directed: None,
            envelope: bus::envelope::seal(bus::envelope::Content {
                id: "order-1".into(),
                tenant: bench.tenant(),
                topic: "t".into(),
                ..Default::default()
            }),
        };
        let log = embedded::Embedded::open(options.clone()).await.unwrap();
        let now = Clock::now(bench.clock());
        log.append(now, vec![stored.encode()]).await.unwrap();
        // Nobody heard of it: the process is gone.
        drop(log);
        let log = Arc::new(embedded::Embedded::open(options).await.unwrap());
        let store = crate::store::Store::new(bench.db().clone(), Arc::new(SystemClock));
        let broker = Broker::start(log, store, Arc::new(crate::Config::default()))
            .await
            .unwrap();
        let again = Outgoing {
            id: "order-1".into(),
            stored,
            publish_at: None,
        };
        let placed = broker.publish(vec![again]).await.unwrap();
        assert_eq!((placed[0].position, placed[0].duplicate), (1, true));
    });
}

#[test]
fn a_group_is_made_once() {
    testkit::run(async {
        let bench = Bench::<Messaging>::on(testkit::Backend::sqlite()).await;
        let through = Through::new(bench.process());
        let mut group = bus::Group {
            service: "test".into(),
            name: "g".into(),
            pattern: "a.*".into(),
            from_oldest: true,
            ack_wait: Duration::from_secs(1),
            max_attempts: 2,
            max_in_flight: 3,
        };
        let id = through.ensure(&group).await.unwrap();
        group.pattern = "b.*".into();
        assert_eq!(
            through.ensure(&group).await.unwrap(),
            id,
            "settings are brought in line"
        );
        let mut admin = client(bench.admin());
        let publish_one = |topic: &'static str| message(topic, "", "1");
        publish(&mut admin, publish_one("a.x")).await;
        publish(&mut admin, publish_one("b.x")).await;
        let got = through.fetch(id, 10, Duration::ZERO).await.unwrap();
        let topics: Vec<_> = got
            .into_iter()
            .map(|one| bus::envelope::open(one.envelope).unwrap().content.topic)
            .collect();
        assert_eq!(topics, ["b.x"]);
    });
}

/// The settings of a log that is in a Redis.
pub(super) fn on_redis(server: &RedisServer) -> crate::Config {
    let mut config = crate::Config {
        backend: crate::BackendKind::Redis,
        ..crate::Config::default()
    };
    config.redis.url = config::Secret::new(server.url());
    config
}

/// Redis goes and comes: what was published meanwhile waits in the outbox, nothing is lost or comes twice, and all is
/// there within five seconds of the return.
async fn redis_goes_and_comes(backend: Backend) {
    let mut server = RedisServer::start_durable().await;
    let config = crate::Config {
        redis_patience: config::Span::from_millis(500),
        ..on_redis(&server)
    };
    let bench = Bench::<Messaging>::builder(backend)
        .config(config)
        .start()
        .await;
    let (tenant, mut admin) = (bench.tenant(), client(bench.admin()));
    let through = Arc::new(Through::new(bench.process()));
    let consumer = Consumer::apply("count", TOPIC, count_up);
    let work = AtWork::begin(bench.db(), Arc::new(SystemClock), &through, vec![consumer]);
    let status = async || {
        let request = pb::GetBrokerStatusRequest {};
        let told = client(bench.admin()).get_broker_status(request).await;
        told.unwrap().into_inner()
    };
    let mut number = 0;
    for _ in 0..2 {
        for _ in 0..10 {
            number += 1;
            put(
                bench.db(),
                tenant,
                vec![numbered("a", number), numbered("b", number)],
            )
            .await;
        }
        eventually("events", || async {
            (counted(bench.db(), tenant, "b").await == number).then_some(())
        })
        .await;
        server.stop().await;
        for _ in 0..10 {
            number += 1;
            put(
                bench.db(),
                tenant,
                vec![numbered("a", number), numbered("b", number)],
            )
            .await;
        }
        let told = eventually("the status", || async {
            Some(status().await).filter(|told| !told.healthy)
        })
        .await;
        assert_eq!(told.kind(), pb::BrokerKind::Redis);
        assert!(told.problem.contains("away"), "{}", told.problem);
        let request = pb::PublishMessageRequest {
            message: Some(message("t", "", "1")),
            ..pb::PublishMessageRequest::default()
        };
        let refused = admin.publish_message(request).await.unwrap_err();
        assert_eq!(reason(&refused), "BROKER_UNAVAILABLE");
        server.restart().await;
        let back = std::time::Instant::now();
        for lane in ["a", "b"] {
            eventually("what waited", || async {
                (counted(bench.db(), tenant, lane).await == number).then_some(())
            })
            .await;
        }
        assert!(
            back.elapsed() < Duration::from_secs(5),
            "{:?}",
            back.elapsed()
        );
        assert!(status().await.healthy);
    }
    let found = messages(&mut admin).await;
    assert_eq!(found.iter().filter(|one| one.topic == TOPIC).count(), 80);
    work.end().await;
}

/// Proves: MSG-02, MSG-03
#[test]
fn redis_goes_and_comes_on_sqlite() {
    testkit::run(redis_goes_and_comes(Backend::sqlite()));
}

/// Proves: MSG-02, MSG-03
#[test]
fn redis_goes_and_comes_on_postgres() {
    testkit::run(redis_goes_and_comes(Backend::postgres()));
}
