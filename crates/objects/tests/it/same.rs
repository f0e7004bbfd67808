//! What objects do wherever they are kept.

use super::*;
use error::{Error, reason};
use futures::{StreamExt as _, TryStreamExt as _};
use objects::{
    Digest, Etag, Get, OBJECT_DAMAGED, OBJECT_DIGEST_MISMATCH, OBJECT_TOO_LARGE, Put, When,
};
use value::Id;

macro_rules! on_all {
    ($($(#[$meta:meta])* async fn $name:ident($rig:ident: Rig) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn run($rig: Rig) $body

            #[test]
            fn folder() {
                testkit::run(run(Rig::folder()));
            }

            #[test]
            fn s3() {
                testkit::run(run(Rig::s3()));
            }

            #[test]
            fn azure() {
                testkit::run(run(Rig::azure()));
            }
        }
    )+};
}

fn when(when: When) -> Put {
    Put { when, digest: None }
}

fn range(range: std::ops::Range<u64>) -> Get {
    Get {
        range: Some(range),
        ..Get::default()
    }
}

fn must_be(digest: Digest) -> Get {
    Get {
        digest: Some(digest),
        ..Get::default()
    }
}

async fn text(objects: &Objects, name: &Name) -> String {
    let bytes = objects.read(name, Get::default(), MIB).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

on_all! {
    async fn what_is_put_is_got(rig: Rig) {
        let (objects, name) = (&rig.objects, name("models/churn v2.bin"));
        assert!(objects.about(&name).await.unwrap_err().is(&reason::NOT_FOUND));
        assert!(objects.get(&name, Get::default()).await.is_err_and(|e| e.is(&reason::NOT_FOUND)));
        let stored = objects.put_bytes(&name, "first", Put::default()).await.unwrap();
        assert_eq!((stored.size, stored.digest), (5, Digest::of(b"first")));
        let about = objects.about(&name).await.unwrap();
        assert_eq!((&about.name, about.size, &about.etag), (&name, 5, &stored.etag));
        let object = objects.get(&name, must_be(stored.digest)).await.unwrap();
        assert_eq!((&object.about, object.range.clone()), (&about, 0..5));
        assert_eq!(object.body.try_collect::<Vec<_>>().await.unwrap().concat(), b"first");
        let again = objects.put_bytes(&name, "second", Put::default()).await.unwrap();
        assert!(again.etag.is_some() && again.etag != stored.etag);
        assert_eq!(text(objects, &name).await, "second");
        let old = Get { etag: stored.etag, ..Get::default() };
        assert!(objects.get(&name, old).await.is_err_and(|e| e.is(&reason::ETAG_MISMATCH)));
        let empty = super::name("empty");
        objects.put_bytes(&empty, "", Put::default()).await.unwrap();
        assert_eq!((text(objects, &empty).await.as_str(), objects.about(&empty).await.unwrap().size), ("", 0));
    }

    async fn large_objects_are_streamed(rig: Rig) {
        let (objects, name) = (&rig.objects, name("large"));
        for size in [5 * MIB, 5 * MIB + 1, 12 * MIB] {
            let (all, parts) = many(size);
            let expected = Put { digest: Some(Digest::of(&all)), ..Put::default() };
            let stored = objects.put(&name, parts, expected).await.unwrap();
            assert_eq!((stored.size, stored.digest), (size as u64, Digest::of(&all)));
            let read = objects.read(&name, must_be(stored.digest), 13 * MIB).await.unwrap();
            assert!(read == all, "{size}");
        }
        let refused = objects.read(&name, Get::default(), MIB).await.unwrap_err();
        assert!(refused.is(&OBJECT_TOO_LARGE));
    }

    async fn nothing_is_there_before_all_of_it_is(rig: Rig) {
        let (objects, name) = (&rig.objects, name("half"));
        for size in [1000, 6 * MIB] {
            let wrong = Put { digest: Some(Digest::of(b"other")), ..Put::default() };
            let refused = objects.put(&name, many(size).1, wrong).await.unwrap_err();
            assert!(refused.is(&OBJECT_DIGEST_MISMATCH), "{refused:?}");
            let breaks = stream::iter([Err(Error::invalid_field("body", "R", "breaks"))]);
            let broken = many(size).1.chain(breaks);
            let refused = objects.put(&name, broken, Put::default()).await.unwrap_err();
            assert_eq!(refused.violations()[0].field, "body");
            assert!(objects.about(&name).await.unwrap_err().is(&reason::NOT_FOUND));
        }
        let small = rig.changed(|config| config.largest = config::ByteSize::from_mib(6));
        for size in [7 * MIB, 20 * MIB] {
            let refused = small.put(&name, many(size).1, Put::default()).await.unwrap_err();
            assert!(refused.is(&OBJECT_TOO_LARGE), "{refused:?}");
        }
        assert!(objects.list(None, 10, "").await.unwrap().objects.is_empty());
    }

    async fn parts_can_be_read(rig: Rig) {
        let (objects, name) = (&rig.objects, name("digits"));
        objects.put_bytes(&name, "0123456789", Put::default()).await.unwrap();
        let read = async |asked: std::ops::Range<u64>| {
            objects.read(&name, range(asked), 100).await.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
        };
        assert_eq!(read(0..1).await.unwrap(), "0");
        assert_eq!(read(3..7).await.unwrap(), "3456");
        assert_eq!(read(8..1000).await.unwrap(), "89");
        let object = objects.get(&name, range(8..1000)).await.unwrap();
        assert_eq!((object.range, object.about.size), (8..10, 10));
        for behind in [10..11, 500..600] {
            assert!(read(behind).await.unwrap_err().is(&reason::OUT_OF_RANGE));
        }
        assert!(read(4..4).await.unwrap_err().is(&reason::INVALID_REQUEST));
        let missing = super::name("missing");
        assert!(objects.get(&missing, range(0..1)).await.is_err_and(|e| e.is(&reason::NOT_FOUND)));
    }

    async fn conditions_hold(rig: Rig) {
        let (objects, name) = (&rig.objects, name("pointer"));
        let there = |etag: Option<Etag>| when(When::Unchanged(etag.unwrap()));
        let missing = objects.put_bytes(&name, "x", there(Some(Etag::new("\"none\"")))).await.unwrap_err();
        assert!(missing.is(&reason::ETAG_MISMATCH), "{missing:?}");
        let first = objects.put_bytes(&name, "1", when(When::Absent)).await.unwrap();
        let taken = objects.put_bytes(&name, "2", when(When::Absent)).await.unwrap_err();
        assert!(taken.is(&reason::ALREADY_EXISTS), "{taken:?}");
        let second = objects.put_bytes(&name, "3", there(first.etag.clone())).await.unwrap();
        let late = objects.put_bytes(&name, "4", there(first.etag)).await.unwrap_err();
        assert!(late.is(&reason::ETAG_MISMATCH), "{late:?}");
        assert_eq!(text(objects, &name).await, "3");
        let large = objects.put(&name, many(6 * MIB).1, there(second.etag)).await.unwrap_err();
        assert!(large.is(&OBJECT_TOO_LARGE));
    }

    /// Several who add one to a number lose nothing.
    async fn updates_are_not_lost(rig: Rig) {
        let (objects, name) = (&rig.objects, name("number"));
        objects.put_bytes(&name, "0", Put::default()).await.unwrap();
        let adds = (0..4).map(|_| async {
            for _ in 0..5 {
                loop {
                    let object = objects.get(&name, Get::default()).await.unwrap();
                    let etag = object.about.etag.clone().unwrap();
                    let bytes = object.body.try_collect::<Vec<_>>().await.unwrap().concat();
                    let number: u32 = String::from_utf8(bytes).unwrap().parse().unwrap();
                    let put = objects.put_bytes(&name, (number + 1).to_string(), when(When::Unchanged(etag)));
                    match put.await {
                        Ok(_) => break,
                        Err(error) => assert!(error.is(&reason::ETAG_MISMATCH), "{error:?}"),
                    }
                }
            }
        });
        futures::future::join_all(adds).await;
        assert_eq!(text(objects, &name).await, "20");
    }

    async fn lists_come_in_pages(rig: Rig) {
        let objects = &rig.objects;
        let mut names: Vec<Name> = (0..12).map(|n| name(&format!("a/b{}/{n:02}", n % 3))).collect();
        names.extend([name("a.txt"), name("ab/x"), name("z")]);
        for name in &names {
            objects.put_bytes(name, name.to_string(), Put::default()).await.unwrap();
        }
        names.sort();
        let all = async |folder: Option<&Name>, page: usize| {
            let (mut found, mut token, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let listing = objects.list(folder, page, &token).await.unwrap();
                assert!(listing.objects.len() <= page);
                found.extend(listing.objects.into_iter().map(|about| about.name));
                pages += 1;
                if listing.next.is_empty() {
                    break;
                }
                token = listing.next;
            }
            found.sort();
            (found, pages)
        };
        let (found, pages) = all(None, 4).await;
        assert_eq!((&found, pages), (&names, 4));
        assert_eq!(all(None, 1000).await, (names.clone(), 1));
        let below: Vec<Name> = names.iter().filter(|name| name.as_str().starts_with("a/")).cloned().collect();
        assert_eq!(all(Some(&name("a")), 5).await.0, below);
        assert_eq!(all(Some(&name("a/b1")), 5).await.0.len(), 4);
        assert!(all(Some(&name("nothing")), 5).await.0.is_empty());
        let inside = objects.within(&name("a")).list(Some(&name("b2")), 1, "").await.unwrap();
        assert_eq!(inside.objects[0].name, name("b2/02"));
    }

    async fn folders_are_apart_and_objects_go(rig: Rig) {
        let (objects, name) = (&rig.objects, name("x"));
        let (here, there) = (objects.within(&super::name("here")), objects.within(&super::name("there")));
        here.put_bytes(&name, "mine", Put::default()).await.unwrap();
        assert!(there.about(&name).await.is_err());
        assert_eq!(text(objects, &super::name("here/x")).await, "mine");
        assert!(here.delete(&name).await.unwrap());
        assert!(here.about(&name).await.unwrap_err().is(&reason::NOT_FOUND));
        // Whether it was there is not told by every store; that it is gone is.
        here.delete(&name).await.unwrap();
    }

    async fn damage_is_found(rig: Rig) {
        let (objects, name) = (&rig.objects, name("x"));
        let stored = objects.put_bytes(&name, "what was put", Put::default()).await.unwrap();
        objects.put_bytes(&name, "what is here", Put::default()).await.unwrap();
        let damaged = objects.read(&name, must_be(stored.digest), 100).await.unwrap_err();
        assert!(damaged.is(&OBJECT_DAMAGED), "{damaged:?}");
        let mut body = objects.get(&name, must_be(stored.digest)).await.unwrap().body;
        assert_eq!(body.next().await.unwrap().unwrap(), "what is here");
        assert!(body.next().await.unwrap().is_err_and(|e| e.is(&OBJECT_DAMAGED)));
        assert!(body.next().await.is_none());
    }

    async fn content_is_kept_once_for_each_tenant(rig: Rig) {
        let (mine, theirs) = (rig.objects.content(Id::new()), rig.objects.content(Id::new()));
        for size in [0, 1000, 6 * MIB] {
            let (all, parts) = many(size);
            let kept = mine.put(parts).await.unwrap();
            assert_eq!((kept.digest, kept.size, kept.known), (Digest::of(&all), size as u64, false));
            assert!(mine.put(many(size).1).await.unwrap().known);
            assert_eq!(theirs.size(&kept.digest).await.unwrap(), None);
            assert!(theirs.get(&kept.digest).await.is_err_and(|e| e.is(&reason::NOT_FOUND)));
            assert!(mine.read(&kept.digest, 7 * MIB).await.unwrap() == all);
            let object = mine.get(&kept.digest).await.unwrap();
            assert_eq!(object.about.size, size as u64);
        }
        assert_eq!(mine.list(10, "").await.unwrap().objects.len(), 3);
        let digest = Digest::of(b"");
        assert!(mine.delete(&digest).await.unwrap());
        assert_eq!(mine.size(&digest).await.unwrap(), None);
        let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err(std::io::Error::other("gone"))]);
        assert!(mine.put(broken).await.unwrap_err().is(&reason::CANCELLED));
        assert_eq!(mine.list(10, "").await.unwrap().objects.len(), 2);
    }

    async fn damaged_content_is_not_answered(rig: Rig) {
        let tenant = Id::new();
        let content = rig.objects.content(tenant);
        let kept = content.put(stream::iter([Ok::<_, Error>(Bytes::from_static(b"right"))])).await.unwrap();
        let text = kept.digest.to_string();
        let place = name(&format!("{tenant}/sha256/{}/{}/{text}", &text[..2], &text[2..4]));
        rig.objects.put_bytes(&place, "wrong", Put::default()).await.unwrap();
        assert!(content.read(&kept.digest, 100).await.unwrap_err().is(&OBJECT_DAMAGED));
    }

    async fn a_store_that_is_there_is_healthy(rig: Rig) {
        rig.objects.health().await.unwrap();
    }
}
