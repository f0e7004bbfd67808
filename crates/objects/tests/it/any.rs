//! Random sizes, cuts and ranges: what comes out is what went in.

use super::*;
use error::Error;
use futures::TryStreamExt as _;
use objects::{Digest, Get, Put};
use proptest::{prelude::*, test_runner::TestRunner};

/// Bytes as they come in, in pieces of any size.
fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..8)
}

fn check<S: Strategy>(strategy: S, test: impl Fn(S::Value)) {
    let config = ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let done = TestRunner::new(config).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    done.unwrap();
}

#[test]
fn any_pieces_are_one_object_and_any_range_is_a_part_of_it() {
    let rig = Rig::folder();
    check((pieces(), any::<(u16, u16)>()), |(pieces, (a, b))| {
        testkit::run(async {
            let (all, name) = (pieces.concat(), name("x"));
            let body = stream::iter(
                pieces
                    .into_iter()
                    .map(|piece| Ok::<_, Error>(Bytes::from(piece))),
            );
            let stored = rig.objects.put(&name, body, Put::default()).await.unwrap();
            assert_eq!(
                (stored.size, stored.digest),
                (all.len() as u64, Digest::of(&all))
            );
            let checked = Get {
                digest: Some(stored.digest),
                ..Get::default()
            };
            assert!(rig.objects.read(&name, checked, 4000).await.unwrap() == all);
            let (from, to) = (u64::from(a % 2500), u64::from(b % 2500));
            let range = Get {
                range: Some(from..to),
                ..Get::default()
            };
            let got = rig.objects.read(&name, range, 4000).await;
            if from < to && from < stored.size {
                let part = from as usize..(to.min(stored.size) as usize);
                assert!(got.unwrap() == all[part]);
            } else {
                assert!(got.is_err());
            }
        });
    });
}

#[test]
fn any_content_is_found_by_its_digest() {
    let rig = Rig::folder();
    let content = rig.objects.content(value::Id::new());
    check(pieces(), |pieces| {
        testkit::run(async {
            let all = pieces.concat();
            let body = stream::iter(
                pieces
                    .into_iter()
                    .map(|piece| Ok::<_, Error>(Bytes::from(piece))),
            );
            let kept = content.put(body).await.unwrap();
            assert_eq!(
                (kept.digest, kept.size),
                (Digest::of(&all), all.len() as u64)
            );
            assert_eq!(
                kept.digest.to_string().parse::<Digest>().unwrap(),
                kept.digest
            );
            let object = content.get(&kept.digest).await.unwrap();
            let back = object.body.try_collect::<Vec<_>>().await.unwrap().concat();
            assert!(back == all);
        });
    });
}
