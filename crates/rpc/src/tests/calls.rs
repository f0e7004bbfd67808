//! What channels pass on, try again, and give up.

use super::rig::{CHANGE, HELLO, LONG, READ, Rig, call, call_as, call_within, echo, failure};
use crate::{BreakerConfig, BudgetConfig, CallContext, Channel, FaultKind, Peer, spawn};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tonic::{Code, Status, service::Routes};

/// Routes that count their calls.
fn counting() -> (Arc<AtomicUsize>, Routes) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let routes = echo(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok("done".to_owned()) }
    });
    (calls, routes)
}

#[tokio::test]
async fn the_request_id_token_and_time_left_go_along() {
    let rig = Rig::new();
    let inner = rig.channel(
        echo(|_| async {
            let call = CallContext::current().expect("in a call");
            let left = call.remaining().expect("a deadline");
            Ok(format!(
                "{} {}",
                call.request_id.to_str().expect("text"),
                left <= Duration::from_secs(2)
            ))
        }),
        Peer::Local,
    );
    let outer = rig.channel(
        echo(move |_| {
            let inner = inner.clone();
            async move {
                let own = CallContext::current()
                    .expect("in a call")
                    .request_id
                    .clone();
                let direct = call(&inner, READ).await?;
                let spawned = spawn("later", async {
                    CallContext::current().map(|call| call.deadline)
                });
                assert_eq!(spawned.await.expect("no panic"), Some(None));
                assert_eq!(direct, format!("{} true", own.to_str().expect("text")));
                Ok(direct)
            }
        }),
        Peer::Edge,
    );
    let outer = outer.with_token(&rig.reader()).expect("header");
    call_within(&outer, READ, Duration::from_secs(2))
        .await
        .expect("passed on");
}

#[tokio::test]
async fn a_long_method_has_its_own_time() {
    let rig = Rig::new();
    let channel = rig.channel(
        echo(|_| async {
            let left = CallContext::current()
                .and_then(|call| call.remaining())
                .expect("a deadline");
            Ok(left.as_secs().to_string())
        }),
        Peer::Edge,
    );
    assert_eq!(call(&channel, LONG).await.expect("public"), "3599");
    assert_eq!(call(&channel, HELLO).await.expect("public"), "29");
}

#[tokio::test]
async fn only_repeatable_calls_are_repeated() {
    let rig = Rig::new();
    let (calls, routes) = counting();
    let channel = rig.channel(routes, Peer::Edge);
    let faults = rig.outbound.faults();
    let token = rig.reader();

    faults.strike(READ, FaultKind::DropAfterCommit, 2);
    assert_eq!(
        call_as(&channel, READ, &token).await.expect("tried again"),
        "done"
    );
    assert_eq!(calls.swap(0, Ordering::Relaxed), 3);

    faults.strike(CHANGE, FaultKind::DropAfterCommit, 1);
    let lost = failure(call_as(&channel, CHANGE, &token).await);
    assert_eq!(lost, (Code::Unavailable, "UNAVAILABLE".into()));
    assert_eq!(
        calls.swap(0, Ordering::Relaxed),
        1,
        "it may have happened: only the caller knows what to do"
    );

    faults.strike(CHANGE, FaultKind::Unavailable, 1);
    call_as(&channel, CHANGE, &token)
        .await
        .expect("it did not happen, so it is sent again");
    assert_eq!(calls.swap(0, Ordering::Relaxed), 1);

    faults.strike(READ, FaultKind::Cancel(Duration::ZERO), 1);
    faults.clear();
    call_as(&channel, READ, &token).await.expect("no faults");
}

#[tokio::test]
async fn an_answer_of_unavailable_is_asked_again_if_it_may_be() {
    let rig = Rig::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let channel = rig.channel(
        echo(move |_| {
            let turn = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                if turn.is_multiple_of(2) {
                    Err(Status::unavailable("not yet"))
                } else {
                    Ok(String::new())
                }
            }
        }),
        Peer::Edge,
    );
    // A fault that strikes nothing makes local calls go the way of remote ones.
    rig.outbound
        .faults()
        .strike("/nowhere", FaultKind::Unavailable, 1);
    let token = rig.reader();
    call_as(&channel, READ, &token)
        .await
        .expect("the second time");
    assert_eq!(calls.swap(0, Ordering::Relaxed), 2);
    call_as(&channel, CHANGE, &token).await.expect_err("once");
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn retries_stay_within_their_budget() {
    let rig = Rig::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let routes = echo(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Err(Status::unavailable("down")) }
    });
    let patient = BreakerConfig {
        failures: 1000,
        calls: 1000,
        ..BreakerConfig::default()
    };
    let outbound = rig.habits(
        patient,
        BudgetConfig {
            most: 5,
            calls_per_retry: 10,
        },
    );
    outbound
        .faults()
        .strike("/nowhere", FaultKind::Unavailable, 1);
    let channel = Channel::local("echo", outbound, rig.inbound(routes));
    for _ in 0..10 {
        call(&channel, HELLO).await.expect_err("down");
    }
    assert_eq!(
        calls.load(Ordering::Relaxed),
        15,
        "ten calls and five retries"
    );
}

#[tokio::test(start_paused = true)]
async fn a_circuit_opens_and_closes_again() {
    let rig = Rig::new();
    let (calls, routes) = counting();
    let outbound = rig.habits(
        BreakerConfig::default(),
        BudgetConfig {
            most: 0,
            calls_per_retry: 1,
        },
    );
    let faults = outbound.faults().clone();
    let channel = Channel::local("echo", outbound, rig.inbound(routes));
    faults.strike("", FaultKind::Unavailable, u32::MAX);
    for _ in 0..5 {
        assert_eq!(failure(call(&channel, HELLO).await).1, "UNAVAILABLE");
    }
    let refused = error::Error::from(call(&channel, HELLO).await.expect_err("open"));
    assert!(refused.is(&error::reason::CIRCUIT_OPEN));
    assert!(refused.retry_after().is_some());
    tokio::time::advance(Duration::from_secs(1)).await;
    faults.clear();
    // Any fault keeps local calls on the guarded way.
    faults.strike("/nowhere", FaultKind::Unavailable, 1);
    call(&channel, HELLO).await.expect("the probe closes it");
    call(&channel, HELLO).await.expect("closed");
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_service_that_is_nowhere_is_unavailable() {
    let rig = Rig::new();
    let channel = Channel::new("echo", rig.outbound.clone(), crate::Behalf::Service);
    assert_eq!(
        failure(call(&channel, HELLO).await),
        (Code::Unavailable, "UNAVAILABLE".into())
    );
    let (_, routes) = counting();
    channel.point_to(crate::Target::Local(rig.inbound(routes)));
    call(&channel, HELLO).await.expect("it came up");
}
