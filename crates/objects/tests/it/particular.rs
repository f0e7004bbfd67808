//! What is particular to one sort of store.

use super::*;
use error::reason;
use objects::{Get, OBJECT_STORE_REFUSED, OBJECT_STORE_UNAVAILABLE, Put, When};

#[test]
fn a_bucket_that_is_not_there_is_a_refusal_and_a_server_that_is_not_is_away() {
    testkit::run(async {
        for rig in [Rig::s3(), Rig::azure()] {
            let other = rig.changed(|config| {
                config.url = config.url.replace("/tessera/", "/no-such-place/");
            });
            assert!(other.health().await.unwrap_err().is(&OBJECT_STORE_REFUSED));
            let refused = other
                .put_bytes(&name("x"), "x", Put::default())
                .await
                .unwrap_err();
            assert!(refused.is(&OBJECT_STORE_REFUSED), "{refused:?}");
            let gone = rig.changed(|config| {
                config.endpoint = "http://127.0.0.1:1/devstoreaccount1".into();
                config.retries = 1;
            });
            let away = gone.health().await.unwrap_err();
            assert!(away.is(&OBJECT_STORE_UNAVAILABLE) && away.retry_after().is_some());
            assert!(!away.message().contains("127.0.0.1"));
        }
    });
}

#[test]
fn a_wrong_key_is_a_refusal() {
    testkit::run(async {
        let rig = Rig::azure();
        let other = rig.changed(|config| config.key = Secret::new("d3Jvbmc="));
        let refused = other.health().await.unwrap_err();
        assert!(refused.is(&OBJECT_STORE_REFUSED), "{refused:?}");
    });
}

#[test]
fn a_folder_refuses_tokens_of_others_and_keeps_only_objects() {
    testkit::run(async {
        let rig = Rig::folder();
        for token in ["x", "after:../etc"] {
            let refused = rig.objects.list(None, 5, token).await;
            assert!(
                refused.is_err_and(|e| e.is(&reason::INVALID_PAGE_TOKEN)),
                "{token}"
            );
        }
        rig.objects
            .put_bytes(&name("a/b"), "x", Put::default())
            .await
            .unwrap();
        let kept = rig.folder.path().join("objects");
        assert_eq!(std::fs::read(kept.join("a/b")).unwrap(), b"x");
        // What somebody else laid there under a name that we would not give is left alone.
        std::fs::write(kept.join("a/odd#name"), "y").unwrap();
        assert_eq!(
            rig.objects.list(None, 5, "").await.unwrap().objects.len(),
            1
        );
        assert_eq!(
            std::fs::read_dir(&kept).unwrap().count(),
            1,
            "locks are beside"
        );
    });
}

/// Two handles on one folder are as two processes: the locks are files.
#[test]
fn conditions_hold_between_processes() {
    testkit::run(async {
        let rig = Rig::folder();
        let (here, there) = (rig.changed(|_| {}), rig.changed(|_| {}));
        let puts = (0..8).map(|n| {
            let objects = if n % 2 == 0 { &here } else { &there };
            let absent = Put {
                when: When::Absent,
                digest: None,
            };
            objects.put_bytes(const_name(), n.to_string(), absent)
        });
        let done = futures::future::join_all(puts).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
        here.read(const_name(), Get::default(), 10).await.unwrap();
    });
}

fn const_name() -> &'static Name {
    static NAME: std::sync::LazyLock<Name> = std::sync::LazyLock::new(|| name("one"));
    &NAME
}

#[test]
fn what_a_crash_cut_off_is_removed_when_it_is_old() {
    testkit::run(async {
        let rig = Rig::folder();
        let (x, hour) = (name("a/x"), std::time::Duration::from_secs(3600));
        rig.objects
            .put_bytes(&x, "whole", Put::default())
            .await
            .unwrap();
        let kept = rig.folder.path().join("objects/a");
        for torn in ["x#1", "y#23"] {
            std::fs::write(kept.join(torn), "half").unwrap();
        }
        std::fs::write(kept.join("odd#name"), "somebody else's").unwrap();
        assert_eq!(
            rig.objects.list(None, 10, "").await.unwrap().objects.len(),
            1
        );
        assert_eq!(
            rig.objects.sweep(hour).await.unwrap(),
            0,
            "somebody may be at it"
        );
        for torn in ["x#1", "y#23"] {
            let file = std::fs::File::options()
                .write(true)
                .open(kept.join(torn))
                .unwrap();
            let touched = file.metadata().unwrap().modified().unwrap();
            file.set_modified(touched - 2 * hour).unwrap();
        }
        assert_eq!(rig.objects.sweep(hour).await.unwrap(), 2);
        let read = rig.objects.read(&x, Get::default(), 10).await.unwrap();
        assert_eq!(read, "whole");
        assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 2);
        assert_eq!(Rig::s3().objects.sweep(hour).await.unwrap(), 0);
    });
}
