//! Publishing and reading: ids, order, sizes, time, topics, replay, tail, analysis.

use std::time::Duration;

use futures::StreamExt;
use testkit::Bench;
use tonic::Code;

use super::*;

async fn list(client: &mut Client, pattern: &str) -> Vec<pb::Message> {
    let request = pb::ListMessagesRequest {
        filter: Some(pb::MessageFilter {
            pattern: pattern.into(),
            ..pb::MessageFilter::default()
        }),
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

testkit::both! {
    /// Proves: MSG-04
    async fn payload_metadata_and_correlation_arrive(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let group = subscribe(&mut admin, "s", "ingestion.*").await;
        let mut sent = message("ingestion.completed", "file-7", r#"{"rows": 17}"#);
        sent.metadata = [("priority".to_owned(), "high".to_owned())].into();
        sent.correlation_id = "c1".into();
        sent.causation_id = "m0".into();
        let published = publish(&mut admin, sent.clone()).await;
        let got = fetch(&mut admin, &group.id, 10).await.remove(0).message.unwrap();
        assert_eq!((got.id, got.position), (published.id, published.position));
        assert_eq!((got.json, got.metadata), (sent.json, sent.metadata));
        assert_eq!((got.correlation_id.as_str(), got.causation_id.as_str()), ("c1", "m0"));
        assert_eq!((got.key.as_str(), got.content_type.as_str()), ("file-7", "application/json"));
        assert!(got.source.starts_with("user:"));
    }

    /// Proves: MSG-06, MSG-07
    async fn payloads_above_a_kibibyte_are_kept_compressed(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        for (size, compressed) in [(500, false), (1023, false), (1024, false), (1025, true), (5120, true)] {
            let data: Vec<u8> = b"some text ".iter().copied().cycle().take(size).collect();
            let sent = pb::Message { topic: "t".into(), data: data.clone().into(), ..pb::Message::default() };
            let position = publish(&mut admin, sent).await.position;
            let got = admin.get_message(pb::GetMessageRequest { position }).await.unwrap().into_inner();
            assert_eq!((got.compressed, got.data.len()), (compressed, size));
            assert_eq!(got.data, data);
            assert_eq!(usize::try_from(got.stored_bytes).unwrap() < size, compressed);
        }
    }

    /// Proves: MSG-05
    async fn ten_thousand_in_one_call_arrive_in_order(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let group = subscribe(&mut admin, "s", "bulk").await;
        let messages = (0..10_000).map(|number| message("bulk", "", &number.to_string())).collect();
        let began = std::time::Instant::now();
        let published = admin.publish_messages(pb::PublishMessagesRequest { messages }).await.unwrap().into_inner().published;
        let together = began.elapsed();
        assert_eq!(published.len(), 10_000);
        // One by one they would take so long.
        let began = std::time::Instant::now();
        for number in 0..100 {
            publish(&mut admin, message("single", "", &number.to_string())).await;
        }
        let singly = began.elapsed() * 100;
        assert!(together < singly, "{together:?} together, {singly:?} singly");
        let mut got = Vec::new();
        while got.len() < 10_000 {
            let part = fetch(&mut admin, &group.id, 1000).await;
            assert!(!part.is_empty());
            ack(&mut admin, &group.id, &part).await;
            got.extend(values(&part));
        }
        assert_eq!(got, (0..10_000).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    async fn an_id_is_published_once_within_the_window(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let mut sent = message("t", "", "1");
        sent.id = "order-1".into();
        let first = publish(&mut admin, sent.clone()).await;
        let again = publish(&mut admin, sent.clone()).await;
        assert!(!first.duplicate && again.duplicate);
        assert_eq!(again.position, first.position);
        // In one call, at once, and of another tenant.
        let both = pb::PublishMessagesRequest { messages: vec![message("t", "", "2"), sent.clone(), sent.clone()] };
        let both = admin.publish_messages(both).await.unwrap().into_inner().published;
        assert_eq!(both.iter().map(|one| one.duplicate).collect::<Vec<_>>(), [false, true, true]);
        sent.id = "order-2".into();
        let calls = (0..8).map(|_| {
            let (mut admin, sent) = (admin.clone(), sent.clone());
            async move { publish(&mut admin, sent).await }
        });
        let at_once = futures::future::join_all(calls).await;
        assert_eq!(at_once.iter().filter(|one| !one.duplicate).count(), 1);
        assert!(at_once.iter().all(|one| one.position == at_once[0].position));
        assert!(!publish(&mut client(bench.stranger()), sent.clone()).await.duplicate);
        bench.clock().advance(Duration::from_secs(121));
        publish(&mut admin, message("t", "", "3")).await;
        assert!(!publish(&mut admin, sent).await.duplicate);
    }

    async fn a_delayed_message_comes_in_its_time_or_is_taken_back(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let later = |topic: &str, seconds| pb::PublishMessageRequest {
            message: Some(pb::Message { id: topic.into(), ..message(topic, "", "1") }),
            delay: Some(prost_types::Duration { seconds, nanos: 0 }),
            ..pb::PublishMessageRequest::default()
        };
        let waiting = admin.publish_message(later("second", 60)).await.unwrap().into_inner();
        assert!(waiting.position == 0 && waiting.publish_at.is_some());
        admin.publish_message(later("first", 30)).await.unwrap();
        admin.publish_message(later("never", 90)).await.unwrap();
        let listed = admin.list_scheduled_messages(pb::ListScheduledMessagesRequest::default()).await.unwrap().into_inner();
        let names: Vec<_> = listed.scheduled.iter().map(|one| one.message.as_ref().unwrap().topic.as_str()).collect();
        assert_eq!(names, ["first", "second", "never"]);
        let cancel = pb::CancelScheduledMessageRequest { id: "never".into() };
        let refused = client(bench.stranger()).cancel_scheduled_message(cancel.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        admin.cancel_scheduled_message(cancel).await.unwrap();
        assert!(list(&mut admin, "").await.is_empty());
        bench.clock().advance(Duration::from_secs(45));
        testkit::eventually("messages", async || (list(&mut admin.clone(), "").await.len() == 1).then_some(())).await;
        bench.clock().advance(Duration::from_secs(100));
        testkit::eventually("messages", async || (list(&mut admin.clone(), "").await.len() == 2).then_some(())).await;
        let found = list(&mut admin, "").await;
        assert_eq!(found.iter().map(|one| one.topic.as_str()).collect::<Vec<_>>(), ["first", "second"]);
    }

    /// Proves: EVT-08
    async fn an_interval_is_replayed_in_order(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let start = value::Clock::now(bench.clock());
        for number in 0..5 {
            publish(&mut admin, message("a.x", "k", &number.to_string())).await;
            publish(&mut admin, message("b.x", "", &number.to_string())).await;
            bench.clock().advance(Duration::from_secs(10));
        }
        let at = |seconds| Some(proto::time::to_proto(start + Duration::from_secs(seconds)));
        let filter = pb::MessageFilter {
            pattern: "a.*".into(), start_time: at(10), end_time: at(40), ..pb::MessageFilter::default()
        };
        let request = pb::ReplayMessagesRequest { filter: Some(filter.clone()) };
        let replayed: Vec<_> = admin.replay_messages(request.clone()).await.unwrap().into_inner().collect().await;
        let got: Vec<_> = replayed.into_iter().map(|one| one.unwrap().data).collect();
        assert_eq!(got, ["1", "2", "3"]);
        let replayed = client(bench.stranger()).replay_messages(request).await.unwrap().into_inner();
        assert_eq!(replayed.count().await, 0);
        // A page at a time, and by key.
        let mut request = pb::ListMessagesRequest { filter: Some(filter), page_size: 2, ..pb::ListMessagesRequest::default() };
        let page = admin.list_messages(request.clone()).await.unwrap().into_inner();
        assert_eq!(page.messages.len(), 2);
        request.page_token = page.next_page_token;
        let page = admin.list_messages(request.clone()).await.unwrap().into_inner();
        assert_eq!((page.messages.len(), page.next_page_token.as_str()), (1, ""));
        request.page_token.clear();
        request.filter = Some(pb::MessageFilter { key: "k".into(), ..pb::MessageFilter::default() });
        request.page_size = 100;
        assert_eq!(admin.list_messages(request).await.unwrap().into_inner().messages.len(), 5);
    }

    /// Proves: EVT-03
    async fn a_tail_brings_what_comes(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        publish(&mut admin, message("before", "", "0")).await;
        let mut tail = admin.tail_messages(pb::TailMessagesRequest::default()).await.unwrap().into_inner();
        publish(&mut client(bench.stranger()), message("t", "", "9")).await;
        for number in 1..4 {
            publish(&mut admin, message("t", "", &number.to_string())).await;
            let got = tail.next().await.unwrap().unwrap();
            assert_eq!((got.topic.as_str(), got.data.as_ref()), ("t", number.to_string().as_bytes()));
        }
    }

    /// Proves: EVT-09
    async fn patterns_of_messages_are_found(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        for key in ["a", "b", "c"] {
            for topic in ["order.opened", "order.paid"] {
                publish(&mut admin, message(topic, key, "1")).await;
                bench.clock().advance(Duration::from_secs(2));
            }
        }
        let got = admin.analyze_message_patterns(pb::AnalyzeMessagePatternsRequest::default()).await.unwrap().into_inner();
        assert_eq!((got.messages, got.truncated, got.rates.len()), (6, false, 2));
        assert_eq!((got.rates[0].topic.as_str(), got.rates[0].count, got.rates[0].keys), ("order.opened", 3, 3));
        assert_eq!(got.sequences[0].topics, ["order.opened", "order.paid"]);
        assert_eq!((got.sequences[0].count, got.sequences[0].median_seconds), (3, 2.0));
    }

    async fn topics_have_figures_and_tenants(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        subscribe(&mut admin, "s", "a.*").await;
        for topic in ["a.b", "a.c", "a.b", "z"] {
            publish(&mut admin, message(topic, "", "1")).await;
        }
        publish(&mut client(bench.stranger()), message("secret", "", "1")).await;
        testkit::eventually("topics", async || {
            let request = pb::ListTopicsRequest::default();
            let topics = admin.clone().list_topics(request).await.unwrap().into_inner().topics;
            (topics.len() == 3).then_some(())
        }).await;
        let one = admin.get_topic(pb::GetTopicRequest { name: "a.b".into() }).await.unwrap().into_inner();
        assert_eq!((one.messages, one.subscriptions, one.last_position), (2, 1, 3));
        let refused = admin.get_topic(pb::GetTopicRequest { name: "secret".into() }).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }

    async fn what_may_not_be_published_says_why(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let refusal = async |message: pb::Message| {
            let request = pb::PublishMessageRequest { message: Some(message), ..pb::PublishMessageRequest::default() };
            client(bench.admin()).publish_message(request).await.unwrap_err()
        };
        assert_eq!(reason(&refusal(message("tessera.identity.v1.UserChanged", "", "1")).await), "TOPIC_RESERVED");
        assert_eq!(reason(&refusal(message("commands.x", "", "1")).await), "TOPIC_RESERVED");
        for bad in ["", "a..b", "a b", ".a"] {
            assert_eq!(refusal(message(bad, "", "1")).await.code(), Code::InvalidArgument, "{bad}");
        }
        let both = pb::Message { data: vec![1].into(), ..message("t", "", "1") };
        let status = refusal(both).await;
        assert_eq!(error::Error::from(status).violations()[0].field, "message.data");
        let reserved = pb::Message { metadata: [("tenantid".to_owned(), "x".to_owned())].into(), ..message("t", "", "1") };
        assert_eq!(refusal(reserved).await.code(), Code::InvalidArgument);
        let mut reader = client(bench.with_permissions(&["messaging.messages.read"]));
        let request = pb::PublishMessageRequest { message: Some(message("t", "", "1")), ..pb::PublishMessageRequest::default() };
        assert_eq!(reader.publish_message(request).await.unwrap_err().code(), Code::PermissionDenied);
        let position = publish(&mut admin, message("t", "", "1")).await.position;
        assert!(reader.get_message(pb::GetMessageRequest { position }).await.is_ok());
        let refused = client(bench.stranger()).get_message(pb::GetMessageRequest { position }).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let refused = admin.get_message(pb::GetMessageRequest { position: position + 1 }).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }
}
