//! The objects of an installation, or of a folder within.

use crate::{
    Content, Name, ObjectsConfig, fault,
    local::sweep,
    open::{Opened, Own, open},
};
use error::Result;
use futures::{StreamExt as _, stream};
use object_store::{ObjectMeta, ObjectStoreExt as _, path::Path};
use std::{path::Path as Folder, path::PathBuf, sync::Arc, time::Duration};
use value::{Id, Time};

/// Which bytes are under a name: it changes whenever they are written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Etag(pub(crate) String);

impl Etag {
    /// The etag that was written as this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is known of an object without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: Name,
    /// How many bytes it has.
    pub size: u64,
    /// Which bytes they are, as the store tells it.
    pub etag: Option<Etag>,
    /// When it was written.
    pub modified: Time,
}

/// Objects under names. Cloning it is cheap.
#[derive(Clone)]
pub struct Objects {
    pub(crate) store: Arc<Store>,
    /// Where we are.
    pub(crate) base: Path,
}

pub(crate) struct Store {
    pub(crate) opened: Opened,
    pub(crate) part: usize,
    pub(crate) largest: u64,
    /// How long a stream may stand still.
    pub(crate) patience: Duration,
    /// Where what has no name yet waits for it.
    pub(crate) spool: PathBuf,
}

impl Objects {
    /// The objects that the settings name; `data` is the installation's folder. A remote store is not asked
    /// anything before the first use.
    ///
    /// # Errors
    /// If a local folder cannot be made, or settings that were not validated do not fit.
    pub fn open(config: &ObjectsConfig, data: &Folder) -> Result<Self> {
        let spool = data.join("objects.spool");
        std::fs::create_dir_all(&spool).map_err(fault::unavailable)?;
        let opened = open(config, data)?;
        let base = opened.base.clone();
        let store = Store {
            opened,
            part: config.part.as_usize(),
            largest: config.largest.get(),
            patience: config.timeout.get(),
            spool,
        };
        Ok(Self {
            store: Arc::new(store),
            base,
        })
    }

    /// The objects of a folder; they have names of their own within it.
    #[must_use]
    pub fn within(&self, folder: &Name) -> Self {
        Self {
            store: Arc::clone(&self.store),
            base: self.path(folder),
        }
    }

    /// What a tenant keeps under the digest of its content, here.
    pub fn content(&self, tenant: Id) -> Content {
        Content::new(self, tenant)
    }

    /// What is known of an object.
    ///
    /// # Errors
    /// `NOT_FOUND`, or that the store is of no use.
    pub async fn about(&self, name: &Name) -> Result<About> {
        let asked = self.backend().head(&self.path(name)).await;
        let meta = self.counted("about", asked);
        let meta = meta.map_err(|cause| fault::of(cause, name.as_str()))?;
        Ok(about(name.clone(), &meta))
    }

    /// Removes an object; whether it was there, as far as the store tells.
    ///
    /// # Errors
    /// That the store is of no use.
    pub async fn delete(&self, name: &Name) -> Result<bool> {
        let _turn = self.turn(name).await?;
        let paths = stream::iter([Ok(self.path(name))]).boxed();
        let mut deleted = self.backend().delete_stream(paths);
        let deleted = deleted.next().await.unwrap_or_else(|| Ok(self.path(name)));
        match self.counted("delete", deleted) {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(cause) => Err(fault::of(cause, name.as_str())),
        }
    }

    /// Whether the store is there and lets us in.
    ///
    /// # Errors
    /// `OBJECT_STORE_UNAVAILABLE` or `OBJECT_STORE_REFUSED`.
    pub async fn health(&self) -> Result<()> {
        match &self.store.opened.own {
            // What can be locked can be written beside.
            Own::Folder(locks) => locks.take("health").await.map(drop),
            Own::Remote(_) => self.list(None, 1, "").await.map(drop),
        }
    }

    /// Removes what uploads left that a crash cut off, if nobody has touched it for so long; how many files. Their owner does it
    /// now and then. Nobody sees such a file, but it takes room. In S3 and Azure a rule of the bucket does it.
    ///
    /// # Errors
    /// `OBJECT_STORE_UNAVAILABLE` if the folder cannot be read.
    pub async fn sweep(&self, older: Duration) -> Result<u64> {
        let Own::Folder(locks) = &self.store.opened.own else {
            return Ok(0);
        };
        let folder = locks.of().to_owned();
        tokio::task::spawn_blocking(move || sweep(&folder, older))
            .await
            .map_err(error::Error::internal)?
            .map_err(fault::unavailable)
    }

    /// Which sort of store it is: `folder`, `s3` or `azure`.
    pub fn kind(&self) -> &'static str {
        self.store.opened.kind
    }

    pub(crate) fn backend(&self) -> &dyn object_store::ObjectStore {
        self.store.opened.store.as_ref()
    }

    pub(crate) fn path(&self, name: &Name) -> Path {
        Path::from_iter(self.base.parts().chain(name.path().parts()))
    }

    /// The turn to write a name, in a local folder; other stores see to it themselves.
    pub(crate) async fn turn(&self, name: &Name) -> Result<Option<std::fs::File>> {
        match &self.store.opened.own {
            Own::Folder(locks) => locks.take(self.path(name).as_ref()).await.map(Some),
            Own::Remote(_) => Ok(None),
        }
    }

    /// Counts a request by what became of it.
    pub(crate) fn counted<T>(
        &self,
        what: &'static str,
        done: object_store::Result<T>,
    ) -> object_store::Result<T> {
        let outcome = match &done {
            Ok(_) => "ok",
            Err(object_store::Error::NotFound { .. }) => "not_found",
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. },
            ) => "conflict",
            Err(_) => "error",
        };
        metrics::counter!("objects_requests_total", "store" => self.kind(), "request" => what, "outcome" => outcome)
            .increment(1);
        done
    }
}

pub(crate) fn about(name: Name, meta: &ObjectMeta) -> About {
    About {
        name,
        size: meta.size,
        etag: meta.e_tag.clone().map(Etag),
        modified: Time::from_micros(meta.last_modified.timestamp_micros()),
    }
}
