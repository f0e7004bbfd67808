//! Strangers, and people without the permission.

use testkit::Bench;
use tonic::Code;

use super::*;

async fn create(client: &mut Client, name: &str, pattern: &str) -> Result<(), tonic::Status> {
    let request = pb::CreateSubscriptionRequest {
        subscription: Some(pb::Subscription {
            name: name.into(),
            pattern: pattern.into(),
            ..pb::Subscription::default()
        }),
        ..pb::CreateSubscriptionRequest::default()
    };
    client.create_subscription(request).await.map(drop)
}

testkit::both! {
    /// The handler of one tenant cannot answer the command of another by naming its place in the log.
    async fn nobody_answers_the_command_of_a_stranger(bench: Bench<Messaging>) {
        let (mut admin, mut stranger) = (client(bench.admin()), client(bench.stranger()));
        let own = subscribe(&mut admin, "handler", "commands.x").await;
        let other = subscribe(&mut stranger, "handler", "commands.x").await;
        let command = pb::SendCommandRequest { r#type: "x".into(), ..pb::SendCommandRequest::default() };
        let sent = admin.send_command(command).await.unwrap().into_inner();
        let ack_id = format!("{}-1", sent.position);
        let reply = |id: &str| pb::AckMessagesRequest {
            id: id.into(),
            ack_ids: vec![ack_id.clone()],
            replies: vec![pb::CommandReply { ack_id: ack_id.clone(), result: None, error: "forged".into() }],
            ..pb::AckMessagesRequest::default()
        };
        let got = stranger.ack_messages(reply(&other.id)).await.unwrap().into_inner();
        assert_eq!((got.accepted, got.stale_ids.len()), (0, 2));
        assert_eq!(stranger.ack_messages(reply(&own.id)).await.unwrap_err().code(), Code::NotFound);
        // Nor does its own handler before it has it.
        assert_eq!(admin.ack_messages(reply(&own.id)).await.unwrap().into_inner().accepted, 0);
        let get = pb::GetCommandRequest { id: sent.id.clone(), wait: None };
        assert_eq!(admin.get_command(get.clone()).await.unwrap().into_inner().state(), pb::CommandState::Pending);
        let got = fetch(&mut admin, &own.id, 1).await;
        assert_eq!(ack(&mut admin, &own.id, &got).await.accepted, 1);
        assert_eq!(admin.get_command(get).await.unwrap().into_inner().state(), pb::CommandState::Done);
        let seen = stranger.list_commands(pb::ListCommandsRequest::default()).await.unwrap().into_inner();
        assert!(seen.commands.is_empty());
    }

    /// What tells of accounts and of work needs a permission more, wherever it is met.
    async fn what_is_private_is_seen_by_who_may(bench: Bench<Messaging>) {
        let (mut process, mut admin) = (client(bench.process()), client(bench.admin()));
        let all = ["messaging.messages.read", "messaging.subscriptions.read", "messaging.subscriptions.write"];
        let mut reader = client(bench.with_permissions(&all));
        let theirs = subscribe(&mut reader, "theirs", ">").await;
        let mine = subscribe(&mut admin, "mine", "*.jobs.>").await;
        let plain = pb::CreateSubscriptionRequest {
            subscription: Some(pb::Subscription {
                name: "plain".into(), pattern: "tessera.metadata.>".into(), security_level: pb::SecurityLevel::Internal.into(), ..pb::Subscription::default()
            }),
            ..pb::CreateSubscriptionRequest::default()
        };
        let plain = admin.create_subscription(plain).await.unwrap().into_inner();
        let topics_told = ["tessera.jobs.v1.JobChanged", "tessera.identity.v1.UserChanged", "tessera.metadata.v1.DefinitionChanged"];
        let events = topics_told.map(|topic| super::services::event(bench.tenant(), topic, "k", b""));
        process.relay_events(pb::RelayEventsRequest { events: events.to_vec() }).await.unwrap();
        assert_eq!(topics(&fetch(&mut reader, &theirs.id, 10).await), [topics_told[2]]);
        let request = pb::FetchMessagesRequest { id: mine.id.clone(), ..pb::FetchMessagesRequest::default() };
        assert_eq!(reader.fetch_messages(request).await.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(topics(&fetch(&mut admin, &mine.id, 10).await), [topics_told[0]]);
        // One that gets nothing private or secret is for everybody, whoever made it.
        assert_eq!(topics(&fetch(&mut reader, &plain.id, 10).await), [topics_told[2]]);
        let listed = reader.list_messages(pb::ListMessagesRequest::default()).await.unwrap().into_inner().messages;
        assert_eq!(listed.len(), 1);
        for position in [1, 2] {
            let refused = reader.get_message(pb::GetMessageRequest { position }).await.unwrap_err();
            assert_eq!(refused.code(), Code::NotFound);
        }
        let replayed = reader.replay_messages(pb::ReplayMessagesRequest::default()).await.unwrap().into_inner();
        assert_eq!(futures::StreamExt::count(replayed).await, 1);
    }

    async fn each_thing_needs_its_permission(bench: Bench<Messaging>) {
        let group = subscribe(&mut client(bench.admin()), "s", "t").await;
        let id = group.id.clone();
        let mut reader = client(bench.with_permissions(&["messaging.messages.read", "messaging.subscriptions.read", "messaging.commands.read"]));
        let denied = |status: tonic::Status| assert_eq!(status.code(), Code::PermissionDenied, "{status}");
        denied(create(&mut reader, "x", "t").await.unwrap_err());
        denied(reader.delete_subscription(pb::DeleteSubscriptionRequest { id: id.clone(), etag: String::new() }).await.unwrap_err());
        let reset = pb::ResetSubscriptionRequest { id: id.clone(), to: Some(pb::LogPlace { place: Some(pb::log_place::Place::Oldest(true)) }) };
        denied(reader.reset_subscription(reset.clone()).await.unwrap_err());
        denied(reader.fetch_messages(pb::FetchMessagesRequest { id: id.clone(), ..pb::FetchMessagesRequest::default() }).await.unwrap_err());
        denied(reader.ack_messages(pb::AckMessagesRequest { id: id.clone(), ..pb::AckMessagesRequest::default() }).await.unwrap_err());
        let ids = vec![value::Id::new().to_string()];
        denied(reader.replay_dead_letters(pb::ReplayDeadLettersRequest { ids: ids.clone() }).await.unwrap_err());
        denied(reader.delete_dead_letters(pb::DeleteDeadLettersRequest { ids }).await.unwrap_err());
        denied(reader.send_command(pb::SendCommandRequest { r#type: "x".into(), ..pb::SendCommandRequest::default() }).await.unwrap_err());
        denied(reader.cancel_scheduled_message(pb::CancelScheduledMessageRequest { id: "x".into() }).await.unwrap_err());
        denied(reader.publish_messages(pb::PublishMessagesRequest { messages: vec![message("t", "", "1")] }).await.unwrap_err());
        let mut writer = client(bench.with_permissions(&["messaging.messages.write"]));
        denied(writer.list_messages(pb::ListMessagesRequest::default()).await.unwrap_err());
        denied(writer.list_topics(pb::ListTopicsRequest::default()).await.unwrap_err());
        denied(writer.list_subscriptions(pb::ListSubscriptionsRequest::default()).await.unwrap_err());
        denied(writer.list_dead_letters(pb::ListDeadLettersRequest::default()).await.unwrap_err());
        denied(writer.tail_messages(pb::TailMessagesRequest::default()).await.map(drop).unwrap_err());
        denied(writer.analyze_message_patterns(pb::AnalyzeMessagePatternsRequest::default()).await.unwrap_err());
        let mut stranger = client(bench.stranger());
        assert_eq!(stranger.reset_subscription(reset).await.unwrap_err().code(), Code::NotFound);
        let fetch = pb::FetchMessagesRequest { id, ..pb::FetchMessagesRequest::default() };
        assert_eq!(stranger.fetch_messages(fetch).await.unwrap_err().code(), Code::NotFound);
        let anonymous = client(bench.anonymous()).list_topics(pb::ListTopicsRequest::default()).await.unwrap_err();
        assert_eq!(anonymous.code(), Code::Unauthenticated);
    }
}

testkit::both! {
    /// Who publishes records writes rows, and may do no more than that.
    async fn records_are_published_by_who_may_write_them(bench: Bench<Messaging>) {
        let publish_record = |mut client: Client| async move {
            let request = pb::PublishMessageRequest { message: Some(message("records.telemetry", "", "{}")), ..pb::PublishMessageRequest::default() };
            client.publish_message(request).await
        };
        let all = ["messaging.messages.write", "warehouse.records.write"];
        let refused = publish_record(client(bench.with_permissions(&all[..1]))).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        publish_record(client(bench.with_permissions(&all))).await.unwrap();
        let some = bench.with_row_filters(&all, &[("telemetry", "site = 'North'")]);
        assert_eq!(publish_record(client(some)).await.unwrap_err().code(), Code::PermissionDenied);
        let other = bench.with_row_filters(&all, &[("market", "site = 'North'")]);
        publish_record(client(other)).await.unwrap();
        publish_record(client(bench.admin())).await.unwrap();
    }
}

/// Memory is not for the asking: topics and subscriptions have a quota a tenant.
#[test]
fn quotas_hold() {
    testkit::run(async {
        let config = crate::Config {
            topics_per_tenant: 2,
            subscriptions_per_tenant: 2,
            ..crate::Config::default()
        };
        let backend = testkit::Backend::sqlite();
        let bench = Bench::<Messaging>::builder(backend)
            .config(config)
            .start()
            .await;
        let mut admin = client(bench.admin());
        publish(&mut admin, message("a", "", "1")).await;
        publish(&mut admin, message("b", "", "1")).await;
        testkit::eventually("the count", || async {
            let request = pb::ListTopicsRequest::default();
            let topics = client(bench.admin()).list_topics(request).await.unwrap();
            (topics.into_inner().topics.len() == 2).then_some(())
        })
        .await;
        let request = pb::PublishMessageRequest {
            message: Some(message("c", "", "1")),
            ..pb::PublishMessageRequest::default()
        };
        let refused = admin.publish_message(request.clone()).await.unwrap_err();
        assert_eq!(reason(&refused), "QUOTA_EXCEEDED");
        publish(&mut admin, message("a", "", "2")).await;
        client(bench.stranger())
            .publish_message(request)
            .await
            .unwrap();
        create(&mut admin, "one", "t").await.unwrap();
        create(&mut admin, "two", "t").await.unwrap();
        let refused = create(&mut admin, "three", "t").await.unwrap_err();
        assert_eq!(reason(&refused), "QUOTA_EXCEEDED");
    });
}
