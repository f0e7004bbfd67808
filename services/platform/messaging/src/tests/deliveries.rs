//! Subscriptions: who gets what, in which order, how often, and what becomes of the rest.

use std::time::Duration;

use sha2::{Digest, Sha256};
use testkit::Bench;
use tonic::Code;

use super::*;

async fn refuse(client: &mut Client, id: &str, one: &pb::Delivery, delay: i64, fatal: bool) {
    let request = pb::AckMessagesRequest {
        id: id.into(),
        refusals: vec![pb::Refusal {
            ack_id: one.ack_id.clone(),
            delay: Some(prost_types::Duration {
                seconds: delay,
                nanos: 0,
            }),
            reason: "not today".into(),
            fatal,
        }],
        ..pb::AckMessagesRequest::default()
    };
    assert_eq!(
        client
            .ack_messages(request)
            .await
            .unwrap()
            .into_inner()
            .accepted,
        1
    );
}

/// Bytes that cannot be packed.
fn noise(length: usize) -> Vec<u8> {
    let numbers = 0..u64::try_from(length.div_ceil(32)).unwrap();
    numbers
        .flat_map(|number| Sha256::digest(number.to_le_bytes()))
        .collect()
}

async fn letters(client: &mut Client, id: &str) -> Vec<pb::DeadLetter> {
    let request = pb::ListDeadLettersRequest {
        subscription_id: id.into(),
        ..pb::ListDeadLettersRequest::default()
    };
    client
        .list_dead_letters(request)
        .await
        .unwrap()
        .into_inner()
        .dead_letters
}

testkit::both! {
    /// Proves: MSG-09, EVT-06, EVT-07
    async fn only_what_matches_arrives_and_after_the_end_nothing(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        publish(&mut admin, message("ingestion.early", "", "0")).await;
        let some = subscribe(&mut admin, "some", "ingestion.*").await;
        let all = subscribe(&mut admin, "all", ">").await;
        for topic in ["ingestion.completed", "ingestion.file.read", "other"] {
            publish(&mut admin, message(topic, "", "1")).await;
        }
        publish(&mut client(bench.stranger()), message("ingestion.completed", "", "2")).await;
        let got = fetch(&mut admin, &some.id, 10).await;
        assert_eq!(topics(&got), ["ingestion.completed"]);
        assert_eq!(topics(&fetch(&mut admin, &all.id, 10).await), ["ingestion.completed", "ingestion.file.read", "other"]);
        assert_eq!(ack(&mut admin, &some.id, &got).await.accepted, 1);
        assert_eq!(ack(&mut admin, &some.id, &got).await.stale_ids.len(), 1);
        assert!(fetch(&mut admin, &some.id, 10).await.is_empty());

        publish(&mut admin, message("ingestion.completed", "", "3")).await;
        let delete = pb::DeleteSubscriptionRequest { id: some.id.clone(), etag: some.etag };
        assert_eq!(client(bench.stranger()).delete_subscription(delete.clone()).await.unwrap_err().code(), Code::NotFound);
        admin.delete_subscription(delete).await.unwrap();
        let fetch = pb::FetchMessagesRequest { id: some.id, ..pb::FetchMessagesRequest::default() };
        assert_eq!(admin.fetch_messages(fetch).await.unwrap_err().code(), Code::NotFound);
    }

    /// Proves: MSG-08
    async fn subscriptions_are_listed_and_changed(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let mut request = pb::CreateSubscriptionRequest {
            subscription: Some(pb::Subscription {
                name: "hooks".into(), pattern: "a.>".into(), webhook_url: "https://example.com/hook".into(), ..pb::Subscription::default()
            }),
            request_id: "r1".into(),
            ..pb::CreateSubscriptionRequest::default()
        };
        let made = admin.create_subscription(request.clone()).await.unwrap().into_inner();
        assert_eq!(admin.create_subscription(request.clone()).await.unwrap().into_inner().id, made.id);
        request.request_id.clear();
        assert_eq!(reason(&admin.create_subscription(request).await.unwrap_err()), "SUBSCRIPTION_EXISTS");
        publish(&mut admin, message("a.b", "", "1")).await;
        let listed = admin.list_subscriptions(pb::ListSubscriptionsRequest::default()).await.unwrap().into_inner().subscriptions;
        assert_eq!(listed.len(), 1);
        let one = &listed[0];
        assert_eq!((one.pattern.as_str(), one.webhook_url.as_str()), ("a.>", "https://example.com/hook"));
        let figures = one.figures.as_ref().unwrap();
        assert_eq!((figures.lag, figures.lag_is_exact, figures.in_flight), (1, true, 0));
        let update = pb::UpdateSubscriptionRequest {
            subscription: Some(pb::Subscription { max_attempts: 7, ..made.clone() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["max_attempts".into()] }),
        };
        let changed = admin.update_subscription(update.clone()).await.unwrap().into_inner();
        assert_eq!(changed.max_attempts, 7);
        assert_eq!(admin.update_subscription(update).await.unwrap_err().code(), Code::Aborted);
        let batch = pb::BatchGetSubscriptionsRequest { ids: vec![made.id.clone(), value::Id::new().to_string()] };
        let batch = admin.batch_get_subscriptions(batch).await.unwrap().into_inner();
        assert_eq!((batch.subscriptions.len(), batch.missing_ids.len()), (1, 1));
        let get = pb::GetSubscriptionRequest { id: made.id };
        assert_eq!(client(bench.stranger()).get_subscription(get).await.unwrap_err().code(), Code::NotFound);
    }

    async fn a_key_is_delivered_in_order_and_the_rest_does_not_wait(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let group = subscribe(&mut admin, "s", "t").await;
        for (key, text) in [("a", "1"), ("a", "2"), ("b", "3"), ("", "4"), ("a", "5")] {
            publish(&mut admin, message("t", key, text)).await;
        }
        let first = fetch(&mut admin, &group.id, 2).await;
        assert_eq!(values(&first), ["1", "2"]);
        assert_eq!(values(&fetch(&mut admin, &group.id, 10).await), ["3", "4"]);
        refuse(&mut admin, &group.id, &first[0], 10, false).await;
        ack(&mut admin, &group.id, &first[1..]).await;
        assert!(fetch(&mut admin, &group.id, 10).await.is_empty());
        bench.clock().advance(Duration::from_secs(10));
        let again = fetch(&mut admin, &group.id, 10).await;
        assert_eq!((values(&again), again[0].attempt), (vec!["1".to_owned(), "5".to_owned()], 2));
    }

    async fn what_is_never_acknowledged_is_a_dead_letter_that_can_be_given_back(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let group = subscribe(&mut admin, "s", "t").await;
        publish(&mut admin, message("t", "k", "\"late\"")).await;
        publish(&mut admin, message("t", "", "\"fatal\"")).await;
        for attempt in 1..=3 {
            let got = fetch(&mut admin, &group.id, 10).await;
            assert_eq!(got[0].attempt, attempt);
            if attempt == 1 {
                refuse(&mut admin, &group.id, &got[1], 0, true).await;
            }
            bench.clock().advance(Duration::from_secs(31));
        }
        assert!(fetch(&mut admin, &group.id, 10).await.is_empty());
        let dead = letters(&mut admin, &group.id).await;
        let told: Vec<_> = dead.iter().map(|one| (one.attempts, one.reason.as_str())).collect();
        assert_eq!(told, [(3, "not today"), (3, "it was not acknowledged in time")]);
        assert!(letters(&mut client(bench.stranger()), "").await.is_empty());
        let get = pb::GetSubscriptionRequest { id: group.id.clone() };
        assert_eq!(admin.get_subscription(get).await.unwrap().into_inner().figures.unwrap().dead_letters, 2);

        // Another subscription does not see what is given back to this one.
        let other = subscribe(&mut admin, "other", "t").await;
        let ids: Vec<_> = dead.iter().map(|one| one.id.clone()).collect();
        let replay = pb::ReplayDeadLettersRequest { ids: ids.clone() };
        assert_eq!(client(bench.stranger()).replay_dead_letters(replay.clone()).await.unwrap().into_inner().replayed, 0);
        assert_eq!(admin.replay_dead_letters(replay).await.unwrap().into_inner().replayed, 2);
        let got = fetch(&mut admin, &group.id, 10).await;
        assert_eq!(values(&got), ["\"fatal\"", "\"late\""]);
        assert_eq!(got[0].message.as_ref().unwrap().id, dead[0].message.as_ref().unwrap().id);
        ack(&mut admin, &group.id, &got).await;
        assert!(fetch(&mut admin, &other.id, 10).await.is_empty());
        assert!(letters(&mut admin, &group.id).await.iter().all(|one| one.replay_time.is_some()));
        let delete = pb::DeleteDeadLettersRequest { ids };
        assert_eq!(admin.delete_dead_letters(delete).await.unwrap().into_inner().deleted, 2);
        assert!(letters(&mut admin, "").await.is_empty());
    }

    async fn a_subscription_begins_and_goes_back_where_it_is_told(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let start = value::Clock::now(bench.clock());
        for number in 0..4 {
            publish(&mut admin, message("t", "", &number.to_string())).await;
            bench.clock().advance(Duration::from_secs(10));
        }
        let request = pb::CreateSubscriptionRequest {
            subscription: Some(pb::Subscription { name: "s".into(), pattern: "t".into(), ..pb::Subscription::default() }),
            start: Some(pb::LogPlace { place: Some(pb::log_place::Place::Oldest(true)) }),
            ..pb::CreateSubscriptionRequest::default()
        };
        let group = admin.create_subscription(request).await.unwrap().into_inner();
        let got = fetch(&mut admin, &group.id, 10).await;
        assert_eq!(values(&got), ["0", "1", "2", "3"]);
        ack(&mut admin, &group.id, &got).await;
        let time = proto::time::to_proto(start + Duration::from_secs(15));
        for (place, expected) in [
            (pb::log_place::Place::Time(time), vec!["2", "3"]),
            (pb::log_place::Place::Position(2), vec!["1", "2", "3"]),
            (pb::log_place::Place::Oldest(true), vec!["0", "1", "2", "3"]),
        ] {
            let reset = pb::ResetSubscriptionRequest { id: group.id.clone(), to: Some(pb::LogPlace { place: Some(place) }) };
            admin.reset_subscription(reset).await.unwrap();
            assert_eq!(values(&fetch(&mut admin, &group.id, 10).await), expected);
        }
    }

    /// Messages that are too many bytes for one answer come in several, and none is out without anybody having it.
    async fn long_messages_come_a_few_at_a_time(bench: Bench<Messaging>) {
        const MANY: usize = 12;
        let (mut admin, mut process) = (client(bench.admin()), client(bench.process()));
        let group = subscribe(&mut admin, "s", "t").await;
        let ensure = pb::EnsureConsumerRequest {
            service: "test".into(), group: "g".into(), pattern: "t".into(), from_oldest: true, ..pb::EnsureConsumerRequest::default()
        };
        let consumer = process.ensure_consumer(ensure).await.unwrap().into_inner().id;
        for number in 0..MANY {
            // Half of them are short where they lie, and long where they are read.
            let data = if number % 2 == 0 { noise(1 << 20) } else { vec![b'0'; 1 << 20] };
            publish(&mut admin, pb::Message { topic: "t".into(), key: "k".into(), data: data.into(), ..pb::Message::default() }).await;
        }
        let (mut came, mut fetches) = (Vec::new(), 0);
        while came.len() < MANY {
            let got = fetch(&mut admin, &group.id, 100).await;
            assert!(got.iter().all(|one| one.attempt == 1) && !got.is_empty());
            came.extend(got.iter().map(|one| one.message.as_ref().unwrap().position));
            ack(&mut admin, &group.id, &got).await;
            fetches += 1;
        }
        assert!(fetches > 1 && came.is_sorted(), "{fetches}: {came:?}");
        let mut came = Vec::new();
        while came.len() < MANY {
            let fetch = pb::FetchEventsRequest { id: consumer.clone(), max_events: 100, wait: None };
            let got = process.fetch_events(fetch).await.unwrap().into_inner().deliveries;
            assert!(got.iter().all(|one| one.attempt == 1) && !got.is_empty());
            let done = got.iter().map(|one| pb::DeliveryMark { position: one.position, attempt: one.attempt });
            let settle = pb::AckEventsRequest { id: consumer.clone(), done: done.collect(), ..pb::AckEventsRequest::default() };
            process.ack_events(settle).await.unwrap();
            came.extend(got.iter().map(|one| one.position));
        }
        assert!(came.is_sorted(), "{came:?}");
    }

    async fn who_fetches_waits_for_the_first_message(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let group = subscribe(&mut admin, "s", "t").await;
        let request = pb::FetchMessagesRequest {
            id: group.id.clone(),
            max_messages: 10,
            wait: Some(prost_types::Duration { seconds: 20, nanos: 0 }),
        };
        let (mut waiting, mut publishing) = (admin.clone(), admin.clone());
        let (got, _) = tokio::join!(waiting.fetch_messages(request), publish(&mut publishing, message("t", "", "1")));
        assert_eq!(values(&got.unwrap().into_inner().deliveries), ["1"]);
    }

    async fn accounts_are_told_of_only_to_who_may_see_them(bench: Bench<Messaging>) {
        let mut process = client(bench.process());
        let tenant = bench.tenant();
        let event = super::services::event(tenant, "tessera.identity.v1.UserChanged", "u", b"x");
        process.relay_events(pb::RelayEventsRequest { events: vec![event] }).await.unwrap();
        let all = pb::ListMessagesRequest::default();
        let mut viewer = client(bench.with_permissions(&["messaging.messages.read"]));
        assert!(viewer.list_messages(all.clone()).await.unwrap().into_inner().messages.is_empty());
        assert_eq!(client(bench.admin()).list_messages(all).await.unwrap().into_inner().messages.len(), 1);
    }
}

/// What was acknowledged stays so, and what was out goes out again, when the service starts anew.
#[test]
fn how_far_a_subscription_is_survives_a_restart() {
    // The pure part is in `model::delivery`; here that it is written down at all, and in time.
    testkit::run(async {
        let bench = Bench::<Messaging>::on(testkit::Backend::sqlite()).await;
        let mut admin = client(bench.admin());
        let group = subscribe(&mut admin, "s", "t").await;
        for number in 0..3 {
            publish(&mut admin, message("t", "", &number.to_string())).await;
        }
        let got = fetch(&mut admin, &group.id, 2).await;
        ack(&mut admin, &group.id, &got[..1]).await;
        let (id, scope) = (group.id.parse().unwrap(), bench.scope());
        let store =
            crate::store::Store::new(bench.db().clone(), std::sync::Arc::new(value::SystemClock));
        testkit::eventually("the state", async || {
            let row = store.subscription_get(&scope, id).await.unwrap();
            let state: crate::model::delivery::Snapshot = row.state.read().unwrap();
            let positions: Vec<_> = state
                .pending
                .iter()
                .map(|one| (one.position, one.attempt))
                .collect();
            (state.cursor == 4 && positions == [(2, 1), (3, 0)]).then_some(())
        })
        .await;
        assert!(bench.stop().await);
    });
}
