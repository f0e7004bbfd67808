//! What the inbound stack lets through, refuses, and in which order.

use super::rig::{
    CHANGE, HELLO, INNER, READ, Rig, STREAM, UNLISTED, ask, call, call_as, call_within, echo,
    failure,
};
use crate::{CallContext, Limits, Peer, REQUEST_ID};
use auth::{Caller, Scope};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;
use tonic::{Code, Request};

fn hello() -> tonic::service::Routes {
    echo(|_| async { Ok("hello".to_owned()) })
}

#[tokio::test]
async fn a_token_is_asked_for_before_the_permission() {
    let rig = Rig::new();
    let channel = rig.channel(hello(), Peer::Edge);
    assert_eq!(
        failure(call(&channel, READ).await),
        (Code::Unauthenticated, "UNAUTHENTICATED".into())
    );
    assert_eq!(
        failure(call_as(&channel, READ, &rig.forged()).await),
        (Code::Unauthenticated, "TOKEN_INVALID".into())
    );
    assert_eq!(
        failure(call_as(&channel, READ, &rig.expired()).await),
        (Code::Unauthenticated, "TOKEN_EXPIRED".into())
    );
    assert_eq!(
        failure(call_as(&channel, READ, &rig.nobody()).await),
        (Code::PermissionDenied, "PERMISSION_DENIED".into())
    );
    assert_eq!(
        call_as(&channel, READ, &rig.reader())
            .await
            .expect("may read"),
        "hello"
    );
    assert_eq!(call(&channel, HELLO).await.expect("public"), "hello");
}

#[tokio::test]
async fn refusals_come_before_the_handler() {
    let rig = Rig::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let channel = rig.channel(
        echo(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok(String::new()) }
        }),
        Peer::Edge,
    );
    call(&channel, READ).await.expect_err("no token");
    call_as(&channel, CHANGE, &rig.nobody())
        .await
        .expect_err("no permission");
    call(&channel, INNER).await.expect_err("internal");
    assert_eq!(
        failure(call(&channel, UNLISTED).await).0,
        Code::Unimplemented
    );
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn internal_methods_are_for_processes() {
    let rig = Rig::new();
    let routes = hello();
    let token = rig.reader();
    for peer in [Peer::Edge, Peer::Socket] {
        let channel = rig.channel(routes.clone(), peer);
        let refused = (Code::PermissionDenied, "INTERNAL_ONLY".to_owned());
        assert_eq!(failure(call_as(&channel, INNER, &token).await), refused);
    }
    assert_eq!(
        call(&rig.channel(routes, Peer::Local), INNER)
            .await
            .expect("a process"),
        "hello"
    );
}

#[tokio::test]
async fn nobody_brings_their_own_caller() {
    let rig = Rig::new();
    let channel = rig.channel(
        echo(|request: Request<_>| async move {
            let scope = Scope::of(&request).is_ok();
            let number = request.extensions().get::<u32>().is_some();
            Ok(format!("{scope} {number} {}", Caller::of(&request).is_ok()))
        }),
        Peer::Local,
    );
    let mut request = Request::new(Default::default());
    request.extensions_mut().insert(7_u32);
    request
        .extensions_mut()
        .insert(Scope::system_all("smuggled"));
    let answer = ask(&channel, HELLO, request).await.expect("public");
    assert_eq!(answer.into_inner().version, "false false false");
    assert_eq!(
        call_as(&channel, READ, &rig.reader()).await.expect("reads"),
        "true false true"
    );
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_process_lives() {
    let rig = Rig::new();
    let channel = rig.channel(echo(|_| async { panic!("boom") }), Peer::Edge);
    let status = call(&channel, HELLO).await.expect_err("it panics");
    assert_eq!(status.code(), Code::Internal);
    assert!(!status.message().contains("boom"));
    assert_eq!(rig.guards.in_flight(), 0);
}

#[tokio::test]
async fn every_answer_names_the_request() {
    let rig = Rig::new();
    let channel = rig.channel(
        echo(|_| async {
            let call = CallContext::current().expect("in a call");
            Ok(call.request_id.to_str().expect("text").to_owned())
        }),
        Peer::Edge,
    );
    let mut request = Request::new(Default::default());
    request
        .metadata_mut()
        .insert("x-request-id", "mine-1".parse().expect("metadata"));
    let answer = ask(&channel, HELLO, request).await.expect("public");
    assert_eq!(
        answer.metadata().get(REQUEST_ID.as_str()).expect("an id"),
        "mine-1"
    );
    assert_eq!(answer.into_inner().version, "mine-1");
    let status = call(&channel, READ).await.expect_err("no token");
    let id = status
        .metadata()
        .get(REQUEST_ID.as_str())
        .expect("an id")
        .to_str()
        .expect("text");
    assert_eq!(id.len(), 36);
}

#[tokio::test]
async fn a_deadline_holds_within_the_process() {
    let rig = Rig::new();
    let channel = rig.channel(echo(|_| std::future::pending()), Peer::Edge);
    let ended = call_within(&channel, HELLO, Duration::from_millis(50)).await;
    assert_eq!(
        failure(ended),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".into())
    );
    assert_eq!(rig.guards.in_flight(), 0);
}

#[tokio::test]
async fn too_much_work_is_refused_and_told_when_to_come_back() {
    let rig = Rig::with_limits(Limits {
        in_flight: 1,
        retry_after_ms: 70,
        ..Limits::default()
    });
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let channel = {
        let (entered, leave) = (entered.clone(), leave.clone());
        rig.channel(
            echo(move |_| {
                let (entered, leave) = (entered.clone(), leave.clone());
                async move {
                    entered.notify_one();
                    leave.notified().await;
                    Ok(String::new())
                }
            }),
            Peer::Edge,
        )
    };
    let first = tokio::spawn({
        let channel = channel.clone();
        async move { call(&channel, HELLO).await }
    });
    entered.notified().await;
    let refused = error::Error::from(call(&channel, HELLO).await.expect_err("one is enough"));
    assert!(refused.is(&error::reason::OVERLOADED));
    assert_eq!(refused.retry_after(), Some(Duration::from_millis(70)));
    leave.notify_one();
    first
        .await
        .expect("no panic")
        .expect("the first is answered");
    assert_eq!(rig.guards.in_flight(), 0);
}

#[tokio::test]
async fn strangers_on_public_methods_leave_room_for_everybody_else() {
    let rig = Rig::with_limits(Limits {
        in_flight: 8,
        public_in_flight: 1,
        ..Limits::default()
    });
    let entered = Arc::new(Notify::new());
    let channel = {
        let entered = entered.clone();
        rig.channel(
            echo(move |_| {
                entered.notify_one();
                std::future::pending()
            }),
            Peer::Edge,
        )
    };
    let stranger = tokio::spawn({
        let channel = channel.clone();
        async move { call(&channel, HELLO).await }
    });
    entered.notified().await;
    let refused = call(&channel, HELLO).await;
    assert_eq!(failure(refused).1, "OVERLOADED");
    let known = tokio::spawn({
        let (channel, token) = (channel.clone(), rig.reader());
        async move { call_as(&channel, READ, &token).await }
    });
    entered.notified().await;
    stranger.abort();
    known.abort();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_names_no_deadline_ends_all_the_same() {
    let rig = Rig::new();
    let channel = rig.channel(echo(|_| std::future::pending()), Peer::Socket);
    let started = tokio::time::Instant::now();
    let ended = call(&channel, HELLO).await;
    assert_eq!(failure(ended).1, "DEADLINE_EXCEEDED");
    assert!(started.elapsed() <= Duration::from_secs(31));
    // A stranger cannot ask for more than the usual; who has a token can, up to the longest.
    let started = tokio::time::Instant::now();
    let ended = call_within(&channel, HELLO, Duration::from_secs(3600)).await;
    assert_eq!(failure(ended).1, "DEADLINE_EXCEEDED");
    assert!(started.elapsed() <= Duration::from_secs(31));
}

#[tokio::test]
async fn a_caller_who_goes_away_ends_the_handler() {
    let rig = Rig::new();
    let ended = Arc::new(Notify::new());
    struct Tell(Arc<Notify>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let (entered, told) = (Arc::new(Notify::new()), ended.clone());
    let arrived = entered.clone();
    let channel = rig.channel(
        echo(move |_| {
            let (tell, entered) = (Tell(told.clone()), arrived.clone());
            async move {
                let _tell = tell;
                entered.notify_one();
                std::future::pending().await
            }
        }),
        Peer::Edge,
    );
    let caller = tokio::spawn(async move { call(&channel, HELLO).await });
    entered.notified().await;
    caller.abort();
    ended.notified().await;
}

#[tokio::test]
async fn a_stream_is_in_work_until_its_end_and_outlives_its_deadline() {
    let rig = Rig::new();
    let channel = rig.channel(hello(), Peer::Edge);
    let mut request = Request::new(Default::default());
    request.set_timeout(Duration::from_millis(40));
    let mut answers = super::rig::follow(&channel, STREAM, request)
        .await
        .expect("public")
        .into_inner();
    assert_eq!(
        answers.message().await.expect("open").expect("one").version,
        "hello"
    );
    let more = tokio::time::timeout(Duration::from_millis(80), answers.message()).await;
    more.expect_err("the deadline was for the head; the stream goes on");
    assert_eq!(rig.guards.in_flight(), 1);
    drop(answers);
    assert_eq!(rig.guards.in_flight(), 0);
}
