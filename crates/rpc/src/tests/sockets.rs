//! The same stack over real sockets: proofs, deadlines, several addresses, the mesh, draining.

use super::rig::{HELLO, INNER, READ, Rig, call, call_as, call_within, echo, failure};
use crate::{
    Behalf, Channel, Directory, Inbound, MeshConfig, Outbound, Pool, Shutdown, Target, listen,
    merge,
};
use auth::process::ProcessKey;
use proto::MethodTable;
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};
use tonic::{Code, service::Routes};
use value::{Clock, ManualClock};

/// A socket that is served until the signal.
struct Served {
    address: String,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

async fn serve(rig: &Rig, routes: Routes) -> Served {
    serve_within(rig, routes, Duration::from_secs(5)).await
}

async fn serve_within(rig: &Rig, routes: Routes, limit: Duration) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let shutdown = Shutdown::new();
    let served = listen(listener, rig.inbound(routes), None, shutdown.clone(), limit);
    let task = tokio::spawn(async move { served.await.expect("serves") });
    Served {
        address,
        shutdown,
        task,
    }
}

fn remote(outbound: &Arc<Outbound>, addresses: &[&str]) -> Channel {
    let endpoints = Pool::new(None)
        .endpoints(addresses.iter().copied())
        .expect("addresses");
    Channel::remote("echo", outbound.clone(), endpoints)
}

fn named(name: &'static str) -> Routes {
    echo(move |_| async move { Ok(name.to_owned()) })
}

#[tokio::test]
async fn a_process_proves_itself_and_others_cannot() {
    let rig = Rig::new();
    let served = serve(&rig, named("here")).await;
    let ours = remote(&rig.outbound, &[&served.address]);
    assert_eq!(call(&ours, INNER).await.expect("proved"), "here");
    assert_eq!(
        call_as(&ours, READ, &rig.reader()).await.expect("token"),
        "here"
    );

    let methods = Arc::new(MethodTable::new([&proto::CONTRACTS]));
    let stranger = remote(
        &Outbound::builder(methods.clone()).build(),
        &[&served.address],
    );
    assert_eq!(
        failure(call(&stranger, INNER).await),
        (Code::PermissionDenied, "INTERNAL_ONLY".into())
    );
    assert_eq!(call(&stranger, HELLO).await.expect("public"), "here");

    let wrong =
        Arc::new(ProcessKey::from_secret(b"another installation's key").expect("long enough"));
    let forger = remote(
        &Outbound::builder(methods).process("x", wrong).build(),
        &[&served.address],
    );
    assert_eq!(
        failure(call(&forger, INNER).await),
        (Code::Unauthenticated, "PROCESS_UNTRUSTED".into())
    );
}

#[tokio::test]
async fn the_edge_never_lends_its_proof() {
    let rig = Rig::new();
    let served = serve(&rig, named("here")).await;
    let edge = Channel::new("echo", rig.outbound.clone(), Behalf::EndUser);
    edge.point_to(Target::Remote(
        Pool::new(None)
            .endpoints([served.address.as_str()])
            .expect("address"),
    ));
    assert_eq!(
        failure(call(&edge, INNER).await),
        (Code::PermissionDenied, "INTERNAL_ONLY".into())
    );
    assert_eq!(call(&edge, HELLO).await.expect("public"), "here");
}

#[tokio::test]
async fn a_deadline_over_a_socket_is_answered_as_one() {
    let rig = Rig::new();
    let served = serve(&rig, echo(|_| std::future::pending())).await;
    let channel = remote(&rig.outbound, &[&served.address]);
    for milliseconds in [1, 30, 120] {
        let ended = call_within(&channel, HELLO, Duration::from_millis(milliseconds)).await;
        assert_eq!(
            failure(ended),
            (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".into()),
            "{milliseconds}"
        );
    }
}

#[tokio::test]
async fn one_dead_address_of_two_fails_no_call() {
    let rig = Rig::new();
    let (alive, dying) = (
        serve(&rig, named("alive")).await,
        serve(&rig, named("dying")).await,
    );
    let channel = remote(&rig.outbound, &[&alive.address, &dying.address]);
    let token = rig.reader();
    for turn in 0..200 {
        if turn == 100 {
            dying.shutdown.begin();
        }
        call_as(&channel, READ, &token)
            .await
            .expect("no call fails");
    }
    dying.task.await.expect("drained");
    for _ in 0..100 {
        assert_eq!(
            call_as(&channel, READ, &token)
                .await
                .expect("no call fails"),
            "alive"
        );
    }
    // One that never lived: a refused connection is tried elsewhere whatever the method.
    let channel = remote(&rig.outbound, &[&alive.address, "127.0.0.1:1"]);
    for _ in 0..100 {
        assert_eq!(
            call_as(&channel, super::rig::CHANGE, &token)
                .await
                .expect("no call fails"),
            "alive"
        );
    }
}

#[tokio::test]
async fn draining_finishes_what_was_begun_and_takes_no_more() {
    let rig = Rig::new();
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let routes = {
        let (entered, leave) = (entered.clone(), leave.clone());
        echo(move |_| {
            let (entered, leave) = (entered.clone(), leave.clone());
            async move {
                entered.notify_one();
                leave.notified().await;
                Ok("finished".to_owned())
            }
        })
    };
    let served = serve(&rig, routes).await;
    let channel = remote(&rig.outbound, &[&served.address]);
    let begun = tokio::spawn({
        let channel = channel.clone();
        async move { call(&channel, HELLO).await }
    });
    entered.notified().await;
    served.shutdown.begin();
    leave.notify_one();
    assert_eq!(
        begun.await.expect("no panic").expect("finished"),
        "finished"
    );
    served.task.await.expect("drained");
    let late = remote(&rig.outbound, &[&served.address]);
    assert_eq!(
        failure(call_within(&late, HELLO, Duration::from_secs(1)).await).0,
        Code::Unavailable
    );
}

#[tokio::test]
async fn what_does_not_finish_is_cut_at_the_limit() {
    let rig = Rig::new();
    let entered = Arc::new(Notify::new());
    let arrived = entered.clone();
    let routes = echo(move |_| {
        arrived.notify_one();
        std::future::pending()
    });
    let served = serve_within(&rig, routes, Duration::from_millis(20)).await;
    let channel = remote(&rig.outbound, &[&served.address]);
    let stuck = tokio::spawn(async move { call(&channel, HELLO).await });
    entered.notified().await;
    served.shutdown.begin();
    served.task.await.expect("does not wait for ever");
    stuck.abort();
}

/// A process: a directory that serves the mesh's contract and perhaps `echo`.
async fn process(
    rig: &Rig,
    echo: Option<Inbound>,
    config: MeshConfig,
) -> (Directory, Served, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let directory =
        Directory::new(rig.outbound.clone(), config, clock.clone()).expect("a directory");
    let routes = match echo {
        Some(inbound) => {
            directory.serve("echo", inbound);
            directory.routes()
        }
        None => directory.routes(),
    };
    let served = serve(rig, routes).await;
    directory.listens_at(served.address.clone());
    (directory, served, clock)
}

/// Proves: SCN-50
#[tokio::test]
async fn a_service_is_taken_over_for_the_time_of_a_lease() {
    let rig = Rig::new();
    let allow = MeshConfig {
        allow_override: true,
        ..MeshConfig::default()
    };
    let (main, main_served, clock) = process(&rig, Some(rig.inbound(named("main"))), allow).await;
    let channel = main.channel("echo");
    assert_eq!(call(&channel, HELLO).await.expect("local"), "main");

    // The process in the debugger serves echo on a socket and knows the main one as its peer.
    let debugged = merge([named("debugged")]);
    let peers = MeshConfig {
        peers: vec![main_served.address.clone()],
        ..MeshConfig::default()
    };
    let directory = Directory::new(
        rig.outbound.clone(),
        peers,
        Arc::new(ManualClock::default()),
    )
    .expect("directory");
    directory.serve("echo", rig.inbound(debugged.clone()));
    let served = serve(&rig, merge([directory.routes(), debugged])).await;
    directory.listens_at(served.address.clone());
    directory.poll().await;
    assert_eq!(call(&channel, HELLO).await.expect("taken over"), "debugged");

    clock.advance(crate::LEASE + Duration::from_secs(1));
    main.refresh();
    assert_eq!(call(&channel, HELLO).await.expect("back home"), "main");

    // Said again, and then the debugger is closed: no need to wait for the end of the lease.
    directory.poll().await;
    assert_eq!(call(&channel, HELLO).await.expect("taken over"), "debugged");
    served.shutdown.begin();
    served.task.await.expect("drained");
    let gone = call_within(&channel, HELLO, Duration::from_secs(1)).await;
    assert_eq!(failure(gone).0, Code::Unavailable);
    main.refresh();
    assert_eq!(call(&channel, HELLO).await.expect("back home"), "main");
}

#[tokio::test]
async fn peers_are_discovered_and_do_not_take_over_uninvited() {
    let rig = Rig::new();
    let routes = named("far");
    let far_clock = Arc::new(ManualClock::default());
    let far =
        Directory::new(rig.outbound.clone(), MeshConfig::default(), far_clock).expect("directory");
    far.serve("echo", rig.inbound(routes.clone()));
    let served = serve(&rig, merge([far.routes(), routes])).await;

    let peers = || MeshConfig {
        peers: vec![served.address.clone()],
        ..MeshConfig::default()
    };
    let (near, _served, clock) = process(&rig, None, peers()).await;
    near.poll().await;
    assert_eq!(
        call(&near.channel("echo"), HELLO)
            .await
            .expect("discovered"),
        "far"
    );
    clock.advance(crate::LEASE + Duration::from_secs(1));
    near.refresh();
    assert_eq!(
        failure(call(&near.channel("echo"), HELLO).await).0,
        Code::Unavailable
    );

    let (own, _served, _) = process(&rig, Some(rig.inbound(named("own"))), peers()).await;
    own.poll().await;
    assert_eq!(
        call(&own.channel("echo"), HELLO).await.expect("local"),
        "own"
    );
    assert!(!far.offer("echo", "127.0.0.1:9"), "it serves echo itself");
}

#[tokio::test]
async fn loopback_goes_through_the_own_socket() {
    let rig = Rig::new();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let config = MeshConfig {
        loopback: true,
        ..MeshConfig::default()
    };
    let directory = Directory::new(rig.outbound.clone(), config, clock).expect("directory");
    directory.serve("echo", rig.inbound(named("local")));
    let served = serve(&rig, named("socket")).await;
    directory.listens_at(served.address.clone());
    assert_eq!(
        call(&directory.channel("echo"), HELLO)
            .await
            .expect("socket"),
        "socket"
    );
}
