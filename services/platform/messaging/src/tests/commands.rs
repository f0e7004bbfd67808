//! Commands: one handler, an answer, nobody else.

use testkit::Bench;

use super::*;

fn command(kind: &str, wait: i64) -> pb::SendCommandRequest {
    pb::SendCommandRequest {
        r#type: kind.into(),
        payload: Some(json(r#"{"model": "m1"}"#)),
        wait: Some(prost_types::Duration {
            seconds: wait,
            nanos: 0,
        }),
        ..pb::SendCommandRequest::default()
    }
}

testkit::both! {
    /// Proves: MSG-13, MSG-14
    async fn a_command_reaches_its_one_handler_and_no_event_subscriber(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let events = subscribe(&mut admin, "events", ">").await;
        let refused = admin.send_command(command("train-model", 0)).await.unwrap_err();
        assert_eq!(reason(&refused), "NO_COMMAND_HANDLER");
        let handler = subscribe(&mut admin, "handler", "commands.train-model").await;
        let second = pb::CreateSubscriptionRequest {
            subscription: Some(pb::Subscription { name: "second".into(), pattern: "commands.train-model".into(), ..pb::Subscription::default() }),
            ..pb::CreateSubscriptionRequest::default()
        };
        assert_eq!(reason(&admin.create_subscription(second).await.unwrap_err()), "COMMAND_HANDLED");
        let sent = admin.send_command(command("train-model", 0)).await.unwrap().into_inner();
        assert_eq!(sent.state(), pb::CommandState::Pending);
        let got = fetch(&mut admin, &handler.id, 10).await;
        assert_eq!(topics(&got), ["commands.train-model"]);
        assert_eq!(got[0].message.as_ref().unwrap().id, sent.id);
        assert!(fetch(&mut admin, &events.id, 10).await.is_empty());
        let reply = pb::AckMessagesRequest {
            id: handler.id.clone(),
            replies: vec![pb::CommandReply { ack_id: got[0].ack_id.clone(), result: Some(json("{\"ok\":true}")), error: String::new() }],
            ..pb::AckMessagesRequest::default()
        };
        admin.ack_messages(reply).await.unwrap();
        let get = pb::GetCommandRequest { id: sent.id.clone(), wait: None };
        let done = admin.get_command(get.clone()).await.unwrap().into_inner();
        assert_eq!((done.state(), done.result), (pb::CommandState::Done, Some(json("{\"ok\":true}"))));
        assert_eq!(client(bench.stranger()).get_command(get).await.unwrap_err().code(), tonic::Code::NotFound);
        let listed = admin.list_commands(pb::ListCommandsRequest::default()).await.unwrap().into_inner().commands;
        assert_eq!(listed.len(), 1);
    }

    async fn who_sends_waits_for_the_answer_and_the_same_request_sends_once(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let handler = subscribe(&mut admin, "handler", "commands.x").await;
        let mut sender = admin.clone();
        let mut request = command("x", 20);
        request.request_id = "r1".into();
        let sending = sender.send_command(request.clone());
        let handling = async {
            let wait = pb::FetchMessagesRequest {
                id: handler.id.clone(), max_messages: 1, wait: Some(prost_types::Duration { seconds: 20, nanos: 0 }),
            };
            let got = admin.fetch_messages(wait).await.unwrap().into_inner().deliveries;
            let reply = pb::AckMessagesRequest {
                id: handler.id.clone(),
                replies: vec![pb::CommandReply { ack_id: got[0].ack_id.clone(), result: None, error: "no such model".into() }],
                ..pb::AckMessagesRequest::default()
            };
            admin.ack_messages(reply).await.unwrap();
        };
        let (sent, ()) = tokio::join!(sending, handling);
        let sent = sent.unwrap().into_inner();
        assert_eq!((sent.state(), sent.error.as_str()), (pb::CommandState::Failed, "no such model"));
        let again = sender.send_command(request).await.unwrap().into_inner();
        assert_eq!(again.id, sent.id);
        assert!(fetch(&mut sender, &handler.id, 10).await.is_empty());
    }
}
