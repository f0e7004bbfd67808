//! The log in files: the common cases, and what crashes and bad disks do.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::backend::conformance::{self, Subject};

struct Folder(
    #[expect(dead_code, reason = "is deleted with it")] tempfile::TempDir,
    Options,
);

impl Folder {
    fn new(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options {
            folder: folder.path().join("log"),
            segment_bytes: 1 << 20,
            durable: true,
            sync_every: Duration::from_millis(50),
            recent_bytes: 1 << 20,
            patience: Duration::ZERO,
        };
        change(&mut options);
        Self(folder, options)
    }
}

#[async_trait]
impl Subject for Folder {
    type Store = Embedded;

    async fn open(&self) -> Embedded {
        Embedded::open(self.1.clone()).await.unwrap()
    }
}

#[test]
fn durable_conforms() {
    testkit::run(conformance::conforms(async || Folder::new(|_| {})));
}

#[test]
fn relaxed_in_small_files_without_memory_conforms() {
    testkit::run(conformance::conforms(async || {
        Folder::new(|options| {
            options.durable = false;
            options.segment_bytes = 300;
            options.recent_bytes = 0;
        })
    }));
}

fn time(second: i64) -> Time {
    Time::from_micros(second * 1_000_000)
}

fn numbers(range: Range<u64>) -> Vec<Bytes> {
    range
        .map(|number| Bytes::from(format!("number {number:04}")))
        .collect()
}

async fn read_all(log: &Embedded) -> (Vec<u64>, u64) {
    let (mut found, mut from, mut damaged) = (Vec::new(), 0, 0);
    loop {
        let limit = Limit {
            records: 7,
            bytes: 1 << 20,
        };
        let batch = log.read(from, limit).await.unwrap();
        damaged += batch.damaged;
        if batch.records.is_empty() {
            return (found, damaged);
        }
        from = batch.next;
        for record in batch.records {
            let expected = format!("number {:04}", record.position);
            assert_eq!(record.body, expected, "a record is what it was");
            found.push(record.position);
        }
    }
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect();
    files.sort();
    files
}

#[test]
fn one_process_has_the_log() {
    testkit::run(async {
        let folder = Folder::new(|_| {});
        let log = folder.open().await;
        let refused = Embedded::open(folder.1.clone()).await.unwrap_err();
        assert!(refused.is(&BROKER_UNAVAILABLE), "{refused}");
        drop(log);
        folder.open().await;
    });
}

#[test]
fn an_index_that_is_lost_is_made_again() {
    testkit::run(async {
        let folder = Folder::new(|options| options.segment_bytes = 400);
        let log = folder.open().await;
        for number in 1..50 {
            log.append(time(1), numbers(number..number + 1))
                .await
                .unwrap();
        }
        log.close().await;
        drop(log);
        for path in files(&folder.1.folder, ".index") {
            std::fs::remove_file(path).unwrap();
        }
        let log = folder.open().await;
        assert_eq!(read_all(&log).await, ((1..50).collect(), 0));
        assert!(files(&folder.1.folder, ".index").len() > 3);
    });
}

#[test]
fn damage_in_the_middle_is_passed_over_and_told() {
    testkit::run(async {
        let folder = Folder::new(|options| {
            options.segment_bytes = 1_000;
            options.recent_bytes = 0;
        });
        let log = folder.open().await;
        log.append(time(1), numbers(1..20)).await.unwrap();
        log.append(time(1), numbers(20..40)).await.unwrap();
        log.append(time(2), numbers(40..50)).await.unwrap();
        log.close().await;
        drop(log);
        let first = files(&folder.1.folder, ".log").remove(0);
        let mut bytes = std::fs::read(&first).unwrap();
        // In the fourth record.
        bytes[39 * 3 + 30] ^= 4;
        std::fs::write(&first, bytes).unwrap();
        let log = folder.open().await;
        let (found, damaged) = read_all(&log).await;
        assert_eq!(
            found,
            (1..50)
                .filter(|position| *position != 4)
                .collect::<Vec<_>>()
        );
        assert_eq!(damaged, 1);
        assert_eq!(log.status().await.damaged, 1);
    });
}

#[test]
fn a_disk_that_is_full_refuses_and_says_so() {
    testkit::run(async {
        let folder = Folder::new(|_| {});
        std::fs::create_dir_all(&folder.1.folder).unwrap();
        let newest = folder.1.folder.join(segment::file_name(1));
        std::os::unix::fs::symlink("/dev/full", newest).unwrap();
        let log = folder.open().await;
        log.health().await.unwrap();
        for _ in 0..2 {
            let refused = log.append(time(1), numbers(1..5)).await.unwrap_err();
            assert!(refused.is(&BROKER_UNAVAILABLE), "{refused}");
        }
        assert!(
            log.health()
                .await
                .unwrap_err()
                .message()
                .contains("cannot be written")
        );
        assert_eq!(log.bounds().await.unwrap(), 1..1);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A crash may leave any beginning of what was written last: what was whole is there after the start, what
    /// was torn is gone, and the log goes on at the right position.
    #[test]
    fn a_torn_tail_is_cut_off(records in 1_u64..60, cut in any::<prop::sample::Index>(), size in 200_u64..3_000) {
        testkit::run(async move {
            let folder = Folder::new(|options| options.segment_bytes = size);
            let log = folder.open().await;
            for number in 1..=records {
                log.append(time(1), numbers(number..number + 1)).await.unwrap();
            }
            log.close().await;
            drop(log);
            let newest = files(&folder.1.folder, ".log").pop().unwrap();
            let bytes = std::fs::read(&newest).unwrap();
            let cut = cut.index(bytes.len() + 1);
            std::fs::write(&newest, &bytes[..cut]).unwrap();
            let lost = (bytes.len() as u64 - cut as u64).div_ceil(39);
            let log = folder.open().await;
            let left = records - lost;
            assert_eq!(read_all(&log).await, ((1..=left).collect::<Vec<_>>(), 0));
            assert_eq!(log.append(time(1), numbers(left + 1..left + 2)).await.unwrap(), left + 1..left + 2);
            assert_eq!(read_all(&log).await.0.len() as u64, left + 1);
        });
    }
}
