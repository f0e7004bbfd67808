//! Messages of services have a security level. One above the caller's clearance is no message to them, whichever way they ask.

use auth::clearance::{CONFIDENTIAL, Level, RESTRICTED};
use futures::StreamExt;
use testkit::Bench;
use tonic::Code;

use super::services::secret;
use super::*;

const JOBS: &str = "tessera.jobs.v1.JobChanged";
const LAST: &str = "tessera.test.v1.Last";
/// What somebody holds who may read all of messaging, and is cleared for nothing.
const READER: [&str; 4] = [
    "messaging.messages.*",
    "messaging.subscriptions.*",
    "messaging.commands.*",
    "messaging.status.*",
];

/// Clients by what they are cleared for.
fn by_clearance(bench: &Bench<Messaging>) -> [(Level, Client); 3] {
    let with = |permissions: &[&str]| client(bench.with_permissions(permissions));
    let and = |more| READER.into_iter().chain([more]).collect::<Vec<_>>();
    [
        (Level::Internal, with(&READER)),
        (Level::Confidential, with(&and(CONFIDENTIAL))),
        (Level::Restricted, with(&and(RESTRICTED))),
    ]
}

/// A job's event of each level, and a last one for everybody.
async fn tell(bench: &Bench<Messaging>) {
    let tenant = bench.tenant();
    let levels = Level::ALL.map(|level| secret(tenant, JOBS, level.as_str(), b"x", level));
    let last = secret(tenant, LAST, "", b"", Level::Internal);
    let events = levels.into_iter().chain([last]).collect();
    let request = pb::RelayEventsRequest { events };
    client(bench.process()).relay_events(request).await.unwrap();
}

/// The levels that messages have, and that each tells of the level it has; the last one left out.
fn levels<'a>(messages: impl IntoIterator<Item = &'a pb::Message>) -> Vec<Level> {
    let told = messages.into_iter().filter(|one| one.topic != LAST);
    told.map(|one| {
        let level = Level::of(one.security_level);
        assert_eq!(one.key, level.as_str());
        level
    })
    .collect()
}

async fn letters(client: &mut Client) -> Vec<pb::DeadLetter> {
    let request = pb::ListDeadLettersRequest::default();
    let page = client.list_dead_letters(request).await.unwrap();
    page.into_inner().dead_letters
}

testkit::both! {
    /// Proves: OP-24
    async fn who_is_not_cleared_reads_nothing_of_it(bench: Bench<Messaging>) {
        let mut tails = Vec::new();
        for (_, reader) in &mut by_clearance(&bench) {
            let request = pb::TailMessagesRequest::default();
            tails.push(reader.tail_messages(request).await.unwrap().into_inner());
        }
        tell(&bench).await;
        for ((level, mut reader), mut tail) in by_clearance(&bench).into_iter().zip(tails) {
            let seen: Vec<Level> = Level::ALL.into_iter().filter(|one| *one <= level).collect();
            let listed = reader.list_messages(pb::ListMessagesRequest::default()).await.unwrap().into_inner();
            assert_eq!(levels(&listed.messages), seen);
            for (position, one) in (1..).zip(Level::ALL) {
                match reader.get_message(pb::GetMessageRequest { position }).await {
                    Ok(got) => assert_eq!(levels([&got.into_inner()]), [one]),
                    Err(refused) => assert_eq!((refused.code(), one > level), (Code::NotFound, true)),
                }
            }
            let mut tailed = Vec::new();
            while tailed.last().is_none_or(|one: &pb::Message| one.topic != LAST) {
                tailed.push(tail.next().await.unwrap().unwrap());
            }
            assert_eq!(levels(&tailed), seen);
            let replayed = reader.replay_messages(pb::ReplayMessagesRequest::default()).await.unwrap().into_inner();
            let replayed: Vec<_> = replayed.map(Result::unwrap).collect().await;
            assert_eq!(levels(&replayed), seen);
            let found = reader.analyze_message_patterns(pb::AnalyzeMessagePatternsRequest::default()).await.unwrap().into_inner();
            assert_eq!(found.messages, i64::try_from(seen.len()).unwrap() + 1);
            assert_eq!(found.rates.iter().find(|rate| rate.topic == JOBS).unwrap().keys, i64::try_from(seen.len()).unwrap());
        }
        // A service hears of everything.
        let mut process = client(bench.process());
        let ensure = pb::EnsureConsumerRequest {
            service: "operations".into(), group: "index".into(), pattern: JOBS.into(), from_oldest: true, ..pb::EnsureConsumerRequest::default()
        };
        let id = process.ensure_consumer(ensure).await.unwrap().into_inner().id;
        let fetch = pb::FetchEventsRequest { id, max_events: 10, wait: None };
        assert_eq!(process.fetch_events(fetch).await.unwrap().into_inner().deliveries.len(), 3);
    }

    /// A subscription gets what its creator was cleared for, and gives it to who is cleared for that.
    /// Proves: OP-24
    async fn subscriptions_have_the_clearance_of_who_makes_them(bench: Bench<Messaging>) {
        let mut ids = Vec::new();
        for (level, mut reader) in by_clearance(&bench) {
            let made = subscribe(&mut reader, level.as_str(), "tessera.>").await;
            assert_eq!(made.security_level, level.number());
            ids.push(made.id);
        }
        // Where nothing secret can be, nothing is asked for.
        let plain = subscribe(&mut client(bench.admin()), "plain", "ingestion.*").await;
        assert_eq!(plain.security_level(), pb::SecurityLevel::Internal);
        let asked = |name: &str, level: Level| pb::CreateSubscriptionRequest {
            subscription: Some(pb::Subscription {
                name: name.into(), pattern: "tessera.>".into(), security_level: level.number(), ..pb::Subscription::default()
            }),
            ..pb::CreateSubscriptionRequest::default()
        };
        for (level, mut reader) in by_clearance(&bench) {
            let more = asked("more", Level::Restricted);
            if level < Level::Restricted {
                assert_eq!(reader.create_subscription(more).await.unwrap_err().code(), Code::PermissionDenied);
            }
        }
        let fewer = client(bench.admin()).create_subscription(asked("fewer", Level::Internal)).await.unwrap().into_inner();
        tell(&bench).await;
        for (level, mut reader) in by_clearance(&bench) {
            for (own, id) in Level::ALL.into_iter().zip(&ids) {
                let request = pb::FetchMessagesRequest { id: id.clone(), ..pb::FetchMessagesRequest::default() };
                if own > level {
                    let refused = error::Error::from(reader.fetch_messages(request).await.unwrap_err());
                    assert_eq!(refused.reason(), "PERMISSION_DENIED");
                    assert_eq!(Some(refused.metadata()["permission"].as_str()), own.permission());
                }
            }
            let own = &ids[usize::try_from(level.number()).unwrap() - 1];
            let got = fetch(&mut reader, own, 10).await;
            let got: Vec<_> = got.into_iter().map(|one| one.message.unwrap()).collect();
            let seen: Vec<Level> = Level::ALL.into_iter().filter(|one| *one <= level).collect();
            assert_eq!(levels(&got), seen);
        }
        let (_, mut uncleared) = by_clearance(&bench).into_iter().next().unwrap();
        assert_eq!(topics(&fetch(&mut uncleared, &fewer.id, 10).await), [JOBS, LAST]);
    }

    /// Proves: OP-24
    async fn dead_letters_are_as_secret_as_their_messages(bench: Bench<Messaging>) {
        let [(_, mut uncleared), (_, mut partly), (_, mut cleared)] = by_clearance(&bench);
        let made = subscribe(&mut cleared, "s", JOBS).await;
        tell(&bench).await;
        let got = fetch(&mut cleared, &made.id, 10).await;
        let refusal = |one: &pb::Delivery| pb::Refusal {
            ack_id: one.ack_id.clone(), reason: "it holds names".into(), fatal: true, ..pb::Refusal::default()
        };
        let refuse = pb::AckMessagesRequest { id: made.id, refusals: got.iter().map(refusal).collect(), ..pb::AckMessagesRequest::default() };
        assert_eq!(cleared.ack_messages(refuse).await.unwrap().into_inner().accepted, 3);
        let seen = [letters(&mut uncleared).await.len(), letters(&mut partly).await.len(), letters(&mut cleared).await.len()];
        assert_eq!(seen, [1, 2, 3]);
        let ids: Vec<_> = letters(&mut cleared).await.into_iter().map(|one| one.id).collect();
        let replay = pb::ReplayDeadLettersRequest { ids: ids.clone() };
        let answer = partly.replay_dead_letters(replay).await.unwrap().into_inner();
        assert_eq!((answer.replayed, answer.missing_ids.len()), (2, 1));
        let delete = pb::DeleteDeadLettersRequest { ids };
        assert_eq!(uncleared.delete_dead_letters(delete.clone()).await.unwrap().into_inner().deleted, 1);
        assert_eq!(cleared.delete_dead_letters(delete).await.unwrap().into_inner().deleted, 2);
    }

    async fn what_waits_for_its_time_is_as_secret(bench: Bench<Messaging>) {
        let later = value::Clock::now(bench.clock()) + std::time::Duration::from_secs(60);
        let event = |level| pb::SealedEvent {
            publish_at: Some(proto::time::to_proto(later)), ..secret(bench.tenant(), JOBS, "k", b"x", level)
        };
        let request = pb::RelayEventsRequest { events: Level::ALL.map(event).to_vec() };
        client(bench.process()).relay_events(request).await.unwrap();
        let mut seen = Vec::new();
        let mut ids = Vec::new();
        for (_, mut reader) in by_clearance(&bench) {
            let page = reader.list_scheduled_messages(pb::ListScheduledMessagesRequest::default()).await.unwrap().into_inner();
            seen.push(page.scheduled.len());
            ids = page.scheduled.into_iter().map(|one| one.message.unwrap()).collect();
        }
        assert_eq!(seen, [1, 2, 3]);
        let most = ids.into_iter().find(|one| one.security_level() == pb::SecurityLevel::Restricted).unwrap();
        let cancel = pb::CancelScheduledMessageRequest { id: most.id };
        let [(_, mut uncleared), _, (_, mut cleared)] = by_clearance(&bench);
        assert_eq!(uncleared.cancel_scheduled_message(cancel.clone()).await.unwrap_err().code(), Code::NotFound);
        cleared.cancel_scheduled_message(cancel).await.unwrap();
    }

    /// Who publishes cannot call anything secret, neither openly nor by the name under which services say it.
    async fn publishers_give_no_levels(bench: Bench<Messaging>) {
        let mut admin = client(bench.admin());
        let mut asked = message("t", "", "1");
        asked.security_level = Level::Restricted.number();
        let mut named = message("t", "", "1");
        named.metadata = [(auth::clearance::ATTRIBUTE.to_owned(), "internal".to_owned())].into();
        for (message, field) in [(asked, "message.security_level"), (named, "message.metadata[securitylevel]")] {
            let request = pb::PublishMessageRequest { message: Some(message), ..pb::PublishMessageRequest::default() };
            let refused = error::Error::from(admin.publish_message(request).await.unwrap_err());
            assert_eq!(refused.violations()[0].field, field);
        }
        // What was read can be published as it is.
        let position = publish(&mut admin, message("t", "", "1")).await.position;
        let read = admin.get_message(pb::GetMessageRequest { position }).await.unwrap().into_inner();
        assert_eq!(read.security_level(), pb::SecurityLevel::Internal);
        publish(&mut admin, pb::Message { id: String::new(), json: None, ..read }).await;
    }
}
