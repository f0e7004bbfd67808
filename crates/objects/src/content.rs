//! Content under the name that its digest makes: the same bytes are kept once, and cannot be other bytes unnoticed.

use crate::{
    Digest, Get, Listing, Name, OBJECT_TOO_LARGE, Object, Objects, Put, When, digest::Passing,
    fault,
};
use bytes::Bytes;
use error::{BoxError, Error, Result, reason};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use std::{io::SeekFrom, pin::pin};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio_util::io::ReaderStream;
use value::Id;

/// Bytes read at once from what waited in a file.
const CHUNK: usize = 256 << 10;

/// The content of a tenant: what others keep is not seen, not even that they keep it.
#[derive(Clone)]
pub struct Content {
    objects: Objects,
}

/// Content that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// Whether it was there already.
    pub known: bool,
}

impl Content {
    pub(crate) fn new(objects: &Objects, tenant: Id) -> Self {
        let folder = format!("{tenant}/sha256")
            .parse()
            .expect("ids and words are names");
        Self {
            objects: objects.within(&folder),
        }
    }

    /// Keeps what a stream brings. More than one piece waits in a file of this machine until its digest is known.
    ///
    /// # Errors
    /// `OBJECT_TOO_LARGE`, the stream's own error, or that the store is of no use.
    pub async fn put<E>(&self, body: impl Stream<Item = Result<Bytes, E>> + Send) -> Result<Kept>
    where
        E: Into<BoxError>,
    {
        let store = &self.objects.store;
        let (mut body, mut passing) = (pin!(body), Passing::default());
        let (mut parts, mut spool): (Vec<Bytes>, Option<tokio::fs::File>) = (Vec::new(), None);
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|cause| broken(cause.into()))?;
            passing.take(&bytes);
            if passing.size() > store.largest {
                let most = config::ByteSize::from_bytes(store.largest);
                return Err(Error::new(
                    &OBJECT_TOO_LARGE,
                    format!("an object may have {most} at most"),
                ));
            }
            if let Some(file) = &mut spool {
                file.write_all(&bytes).await.map_err(fault::unavailable)?;
                continue;
            }
            parts.push(bytes);
            if passing.size() > store.part as u64 {
                spool = Some(self.spool(std::mem::take(&mut parts)).await?);
            }
        }
        let (size, digest) = (passing.size(), passing.digest());
        let name = name(&digest);
        let there = match self.objects.about(&name).await {
            Ok(there) => Some(there.size),
            Err(error) if error.is(&reason::NOT_FOUND) => None,
            Err(error) => return Err(error),
        };
        let known = there == Some(size);
        if !known {
            let how = Put {
                when: When::Always,
                digest: Some(digest),
            };
            match spool {
                Some(mut file) => {
                    file.flush().await.map_err(fault::unavailable)?;
                    file.seek(SeekFrom::Start(0))
                        .await
                        .map_err(fault::unavailable)?;
                    let body = ReaderStream::with_capacity(file, CHUNK).map_err(fault::unavailable);
                    self.objects.put(&name, body, how).await?;
                }
                None => {
                    let body = futures::stream::iter(parts.into_iter().map(Ok::<_, Error>));
                    self.objects.put(&name, body, how).await?;
                }
            }
        }
        Ok(Kept {
            digest,
            size,
            known,
        })
    }

    /// A file without a name, with what came so far.
    async fn spool(&self, parts: Vec<Bytes>) -> Result<tokio::fs::File> {
        let folder = self.objects.store.spool.clone();
        let make = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder));
        let file = make.await.map_err(Error::internal)?;
        let mut file = tokio::fs::File::from_std(file.map_err(fault::unavailable)?);
        for bytes in parts {
            file.write_all(&bytes).await.map_err(fault::unavailable)?;
        }
        Ok(file)
    }

    /// Opens content; it is checked as it is read.
    ///
    /// # Errors
    /// `NOT_FOUND`, or that the store is of no use.
    pub async fn get(&self, digest: &Digest) -> Result<Object> {
        let how = Get {
            digest: Some(*digest),
            ..Get::default()
        };
        self.objects.get(&name(digest), how).await
    }

    /// Reads content that has no more than `most` bytes; what is answered was checked.
    ///
    /// # Errors
    /// `OBJECT_TOO_LARGE`, `OBJECT_DAMAGED`, `NOT_FOUND`, or that the store is of no use.
    pub async fn read(&self, digest: &Digest, most: usize) -> Result<Bytes> {
        let how = Get {
            digest: Some(*digest),
            ..Get::default()
        };
        self.objects.read(&name(digest), how, most).await
    }

    /// How many bytes it has, if it is kept.
    ///
    /// # Errors
    /// That the store is of no use.
    pub async fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        match self.objects.about(&name(digest)).await {
            Ok(about) => Ok(Some(about.size)),
            Err(error) if error.is(&reason::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes content, which nobody must need any more; whether it was there, as far as the store tells.
    ///
    /// # Errors
    /// That the store is of no use.
    pub async fn delete(&self, digest: &Digest) -> Result<bool> {
        self.objects.delete(&name(digest)).await
    }

    /// Lists what is kept; the last segments of the names are the digests.
    ///
    /// # Errors
    /// See [`Objects::list`].
    pub async fn list(&self, page: usize, token: &str) -> Result<Listing> {
        self.objects.list(None, page, token).await
    }
}

/// Two levels of folders, so that none has too many entries.
fn name(digest: &Digest) -> Name {
    let text = digest.to_string();
    format!("{}/{}/{text}", &text[..2], &text[2..4])
        .parse()
        .expect("hexadecimal digits are names")
}

fn broken(cause: BoxError) -> Error {
    match cause.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(other) => {
            Error::new(&reason::CANCELLED, "the stream of the content broke").with_source(other)
        }
    }
}
