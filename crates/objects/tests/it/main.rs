//! Objects in a folder, in S3 and in Azure Blob Storage: one list of what they do, run on all three.

#![allow(clippy::unwrap_used)]

mod any;
mod away;
mod particular;
mod same;

use bytes::Bytes;
use config::Secret;
use futures::{Stream, stream};
use objects::{Name, Objects, ObjectsConfig};
use tempfile::TempDir;

/// Azurite's account and key, which its documentation gives.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const MIB: usize = 1 << 20;

/// Objects of a test, under a folder that nobody else has.
struct Rig {
    objects: Objects,
    config: ObjectsConfig,
    folder: TempDir,
}

impl Rig {
    fn with(config: ObjectsConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            objects: Objects::open(&config, folder.path()).unwrap(),
            config,
            folder,
        }
    }

    fn folder() -> Self {
        Self::with(ObjectsConfig {
            part: config::ByteSize::from_mib(5),
            ..ObjectsConfig::default()
        })
    }

    fn s3() -> Self {
        Self::with(ObjectsConfig {
            url: format!("s3://tessera/{}", value::Id::new()),
            endpoint: testkit::s3_url(),
            key_id: "tests".into(),
            key: Secret::new("tests"),
            allow_http: true,
            part: config::ByteSize::from_mib(5),
            ..ObjectsConfig::default()
        })
    }

    fn azure() -> Self {
        Self::with(ObjectsConfig {
            url: format!("azure://{ACCOUNT}/tessera/{}", value::Id::new()),
            endpoint: testkit::azure_url(),
            key: Secret::new(KEY),
            allow_http: true,
            part: config::ByteSize::from_mib(5),
            ..ObjectsConfig::default()
        })
    }

    fn changed(&self, change: impl FnOnce(&mut ObjectsConfig)) -> Objects {
        let mut config = self.config.clone();
        change(&mut config);
        Objects::open(&config, self.folder.path()).unwrap()
    }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Bytes that differ everywhere, in parts of an odd size.
fn many(
    size: usize,
) -> (
    Bytes,
    impl Stream<Item = error::Result<Bytes>> + Send + use<>,
) {
    let mut all = Vec::with_capacity(size + 8);
    while all.len() < size {
        let word = all.len().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7;
        all.extend_from_slice(&word.to_le_bytes());
    }
    all.truncate(size);
    let all = Bytes::from(all);
    let parts: Vec<_> = (0..size)
        .step_by(77_777)
        .map(|from| Ok(all.slice(from..size.min(from + 77_777))))
        .collect();
    (all, stream::iter(parts))
}
