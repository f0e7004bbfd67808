//! Stores that go away, break off, hang or refuse: what is said then, and that they are found again.

use super::*;
use error::reason;
use futures::{StreamExt as _, TryStreamExt as _};
use objects::{Digest, Get, OBJECT_STORE_REFUSED, OBJECT_STORE_UNAVAILABLE, Put};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use testkit::tokio::{
    self,
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Stands between the tests and a store, and can break off.
struct Line {
    address: String,
    /// Bytes that still go through, both ways together.
    left: Arc<AtomicI64>,
    _running: JoinSet<()>,
}

const OPEN: i64 = i64::MAX / 2;

impl Line {
    async fn to(server: &str) -> Self {
        let there = server.trim_start_matches("http://").split('/').next();
        let there = there.expect("an address").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let left = Arc::new(AtomicI64::new(OPEN));
        let (mut running, budget) = (JoinSet::new(), Arc::clone(&left));
        running.spawn(async move {
            let mut pairs = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                if budget.load(Ordering::SeqCst) <= 0 {
                    continue;
                }
                let (there, budget) = (there.clone(), Arc::clone(&budget));
                pairs.spawn(async move {
                    let Ok(far) = TcpStream::connect(&there).await else {
                        return;
                    };
                    let (near, far) = (near.into_split(), far.into_split());
                    let up = pump(near.0, far.1, Arc::clone(&budget));
                    let down = pump(far.0, near.1, budget);
                    tokio::select! { () = up => (), () = down => () }
                });
            }
        });
        Self {
            address,
            left,
            _running: running,
        }
    }

    /// Lets so many bytes through and then breaks off.
    fn cut_after(&self, bytes: usize) {
        self.left.store(bytes as i64, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.left.store(OPEN, Ordering::SeqCst);
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    left: Arc<AtomicI64>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let goes = left
            .fetch_sub(read as i64, Ordering::SeqCst)
            .clamp(0, read as i64);
        if to.write_all(&buffer[..goes as usize]).await.is_err() || goes < read as i64 {
            return;
        }
    }
}

/// S3 and Azure, each over a line.
async fn lines() -> [(Objects, Line); 2] {
    let s3 = (Rig::s3(), Line::to(&testkit::s3_url()).await);
    let azure = (Rig::azure(), Line::to(&testkit::azure_url()).await);
    [s3, azure].map(|(rig, line)| {
        let through = rig.changed(|config| {
            let account = config
                .url
                .starts_with("azure")
                .then_some("/devstoreaccount1");
            config.endpoint = format!("{}{}", line.address, account.unwrap_or(""));
            config.retries = 1;
            config.timeout = config::Span::from_secs(5);
        });
        (through, line)
    })
}

#[test]
fn a_store_that_goes_is_found_again() {
    testkit::run(async {
        for (objects, line) in lines().await {
            let (all, parts) = many(6 * MIB);
            objects
                .put(&name("kept"), parts, Put::default())
                .await
                .unwrap();
            line.cut_after(0);
            for size in [10, 6 * MIB] {
                let away = objects.put(&name("x"), many(size).1, Put::default()).await;
                let away = away.unwrap_err();
                assert!(away.is(&OBJECT_STORE_UNAVAILABLE), "{away:?}");
                assert!(away.retry_after() > Some(Duration::ZERO));
            }
            let digest = Digest::of(&all);
            let read = objects.read(&name("kept"), Get::default(), 7 * MIB).await;
            assert!(read.unwrap_err().is(&OBJECT_STORE_UNAVAILABLE));
            assert!(
                objects
                    .health()
                    .await
                    .unwrap_err()
                    .is(&OBJECT_STORE_UNAVAILABLE)
            );
            line.mend();
            objects.health().await.unwrap();
            let checked = Get {
                digest: Some(digest),
                ..Get::default()
            };
            let read = objects.read(&name("kept"), checked, 7 * MIB).await.unwrap();
            assert!(read == all);
            assert!(
                objects
                    .about(&name("x"))
                    .await
                    .unwrap_err()
                    .is(&reason::NOT_FOUND)
            );
        }
    });
}

#[test]
fn a_torn_upload_leaves_nothing_to_be_seen() {
    testkit::run(async {
        for (objects, line) in lines().await {
            for cut in [20_000, 5 * MIB + 100_000] {
                line.cut_after(cut);
                let torn = objects
                    .put(&name("torn"), many(6 * MIB).1, Put::default())
                    .await;
                assert!(torn.unwrap_err().is(&OBJECT_STORE_UNAVAILABLE), "{cut}");
                line.mend();
                let there = objects.about(&name("torn")).await;
                assert!(there.unwrap_err().is(&reason::NOT_FOUND), "{cut}");
            }
            let (all, parts) = many(6 * MIB);
            let stored = objects
                .put(&name("torn"), parts, Put::default())
                .await
                .unwrap();
            assert_eq!(stored.digest, Digest::of(&all));
        }
    });
}

#[test]
fn a_torn_download_is_whole_or_an_error() {
    testkit::run(async {
        for (objects, line) in lines().await {
            let (all, parts) = many(6 * MIB);
            objects
                .put(&name("x"), parts, Put::default())
                .await
                .unwrap();
            for cut in [1_000, 100_000, 3 * MIB] {
                line.cut_after(cut);
                let got = match objects.get(&name("x"), Get::default()).await {
                    Ok(object) => object.body.try_collect::<Vec<_>>().await,
                    Err(error) => Err(error),
                };
                assert!(got.unwrap_err().is(&OBJECT_STORE_UNAVAILABLE), "{cut}");
                line.mend();
            }
            // One that comes back meanwhile goes on where it broke off.
            let object = objects.get(&name("x"), Get::default()).await.unwrap();
            let mut body = object.body;
            let mut read = body.next().await.unwrap().unwrap().to_vec();
            line.cut_after(10);
            let mending = async {
                tokio::task::yield_now().await;
                line.mend();
            };
            let (rest, ()) = tokio::join!(body.try_collect::<Vec<_>>(), mending);
            match rest {
                Ok(rest) => {
                    read.extend(rest.concat());
                    assert!(read == all);
                }
                Err(error) => assert!(error.is(&OBJECT_STORE_UNAVAILABLE), "{error:?}"),
            }
        }
    });
}

/// An upload that is given up in the middle is not there, and another one under its name is not disturbed.
#[test]
fn an_upload_that_is_given_up_leaves_nothing_to_be_seen() {
    testkit::run(async {
        for rig in [Rig::folder(), Rig::s3(), Rig::azure()] {
            let (begun, wait) = tokio::sync::oneshot::channel();
            let mut begun = Some(begun);
            let parts = many(6 * MIB).1.chain(stream::poll_fn(move |_| {
                if let Some(begun) = begun.take() {
                    begun.send(()).unwrap();
                }
                std::task::Poll::Pending
            }));
            let x = name("x");
            let upload = rig.objects.put(&x, parts, Put::default());
            tokio::select! {
                done = upload => panic!("{done:?}"),
                begun = wait => begun.unwrap(),
            }
            assert!(
                rig.objects
                    .about(&name("x"))
                    .await
                    .unwrap_err()
                    .is(&reason::NOT_FOUND)
            );
            assert!(
                rig.objects
                    .list(None, 10, "")
                    .await
                    .unwrap()
                    .objects
                    .is_empty()
            );
            rig.objects
                .put_bytes(&name("x"), "whole", Put::default())
                .await
                .unwrap();
            let read = rig
                .objects
                .read(&name("x"), Get::default(), 10)
                .await
                .unwrap();
            assert_eq!(read, "whole");
            if rig.objects.kind() == "folder" {
                let kept = std::fs::read_dir(rig.folder.path().join("objects")).unwrap();
                assert_eq!(kept.count(), 1, "nothing is left beside it");
            }
        }
    });
}

/// A server that answers everything alike, or not at all.
async fn stub(answer: Option<&'static str>) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut running = JoinSet::new();
    running.spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let Some(answer) = answer else {
                silent.push(socket);
                continue;
            };
            let mut head = vec![0; 64 << 10];
            let _ = socket.read(&mut head).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (address, running)
}

/// The two remote stores at one address.
fn at(address: &str) -> [Objects; 2] {
    [Rig::s3(), Rig::azure()].map(|rig| {
        rig.changed(|config| {
            config.endpoint = address.into();
            config.retries = 0;
            config.timeout = config::Span::from_millis(200);
        })
    })
}

#[test]
fn a_store_that_does_not_let_us_in_is_a_refusal() {
    testkit::run(async {
        for status in ["401 Unauthorized", "403 Forbidden"] {
            let answer =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let (address, _running) = stub(Some(answer.leak())).await;
            for objects in at(&address) {
                let x = name("x");
                let refused = [
                    objects.health().await.unwrap_err(),
                    objects.about(&x).await.unwrap_err(),
                    objects
                        .put_bytes(&x, "x", Put::default())
                        .await
                        .unwrap_err(),
                    objects.read(&x, Get::default(), 10).await.unwrap_err(),
                    objects.delete(&x).await.unwrap_err(),
                ];
                for (number, error) in refused.iter().enumerate() {
                    assert!(
                        error.is(&OBJECT_STORE_REFUSED),
                        "{number} {status}: {error:?}"
                    );
                }
            }
        }
    });
}

#[test]
fn a_store_that_hangs_is_given_up() {
    testkit::run(async {
        let (address, _running) = stub(None).await;
        for objects in at(&address) {
            let began = std::time::Instant::now();
            let late = objects.about(&name("x")).await.unwrap_err();
            assert!(late.is(&OBJECT_STORE_UNAVAILABLE), "{late:?}");
            assert!(began.elapsed() < Duration::from_secs(10));
        }
    });
}
