//! Writing: what fits in one piece goes in one request, what does not in several; it is there when all of it is.

use crate::{
    Digest, Etag, Name, OBJECT_DIGEST_MISMATCH, OBJECT_TOO_LARGE, Objects, digest::Passing, fault,
    open::Own,
};
use bytes::Bytes;
use error::{BoxError, Error, Result, reason};
use futures::{Stream, StreamExt as _, stream};
use object_store::{
    ObjectStoreExt as _, PutMode, PutOptions, PutPayload, PutResult, UpdateVersion, WriteMultipart,
};
use std::pin::pin;

/// Pieces on their way at once.
const AT_ONCE: usize = 4;

/// Under which condition an object is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum When {
    /// Whatever is there.
    #[default]
    Always,
    /// If there is nothing under the name.
    Absent,
    /// If what is there is still what was read.
    Unchanged(Etag),
}

/// How an object is written.
#[derive(Debug, Clone, Default)]
pub struct Put {
    /// Under which condition. Only what fits in one piece can have one.
    pub when: When,
    /// What its digest must be, if that is known.
    pub digest: Option<Digest>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// How many bytes.
    pub size: u64,
    /// Their digest: with it, what is read can be checked.
    pub digest: Digest,
    /// Which bytes they are, as the store tells it.
    pub etag: Option<Etag>,
}

impl Objects {
    /// Writes an object from a stream. Nobody sees it before all of it is there; if the stream fails, or does not
    /// have the digest it must have, nothing was written.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` or `ETAG_MISMATCH` if the condition does not hold, `OBJECT_DIGEST_MISMATCH`, `OBJECT_TOO_LARGE`;
    /// the stream's own error; that the store is of no use.
    pub async fn put<E>(
        &self,
        name: &Name,
        body: impl Stream<Item = Result<Bytes, E>> + Send,
        how: Put,
    ) -> Result<Stored>
    where
        E: Into<BoxError>,
    {
        let mut body = pin!(body.map(|part| part.map_err(from_stream)));
        let (mut parts, mut passing) = (Vec::new(), Passing::default());
        while let Some(bytes) = body.next().await {
            let bytes = bytes?;
            self.take(&mut passing, &bytes)?;
            parts.push(bytes);
            if passing.size() > self.store.part as u64 {
                let begun = stream::iter(parts.into_iter().map(Ok)).chain(body);
                return self.put_in_parts(name, begun, how).await;
            }
        }
        let (size, digest) = finish(passing, how.digest)?;
        let put = self.put_at_once(name, parts.into_iter().collect(), how.when);
        let etag = put.await?.e_tag.map(Etag);
        self.wrote(size);
        Ok(Stored { size, digest, etag })
    }

    /// Writes an object from bytes at hand.
    ///
    /// # Errors
    /// See [`Objects::put`].
    pub async fn put_bytes(
        &self,
        name: &Name,
        bytes: impl Into<Bytes> + Send,
        how: Put,
    ) -> Result<Stored> {
        let bytes = Ok::<_, Error>(bytes.into());
        self.put(name, stream::iter([bytes]), how).await
    }

    async fn put_at_once(&self, name: &Name, body: PutPayload, when: When) -> Result<PutResult> {
        let path = self.path(name);
        let _turn = self.turn(name).await?;
        let mode = match (when, &self.store.opened.own) {
            (When::Always, _) => PutMode::Overwrite,
            (When::Absent, _) => PutMode::Create,
            (When::Unchanged(etag), Own::Remote(_)) => PutMode::Update(UpdateVersion {
                e_tag: Some(etag.0),
                version: None,
            }),
            (When::Unchanged(etag), Own::Folder(_)) => {
                // Nobody else writes the name while it is our turn.
                let there = self.about(name).await;
                if !there.is_ok_and(|there| there.etag == Some(etag)) {
                    return Err(changed(name));
                }
                PutMode::Overwrite
            }
        };
        let update = matches!(mode, PutMode::Update(_));
        let put = self.backend().put_opts(&path, body, PutOptions::from(mode));
        match self.counted("put", put.await) {
            // What is not there has no etag.
            Err(object_store::Error::NotFound { .. }) if update => Err(changed(name)),
            done => done.map_err(|cause| fault::of_place(cause, name.as_str())),
        }
    }

    async fn put_in_parts(
        &self,
        name: &Name,
        body: impl Stream<Item = Result<Bytes>> + Send,
        how: Put,
    ) -> Result<Stored> {
        if how.when != When::Always {
            let most = config::ByteSize::from_bytes(self.store.part as u64);
            return Err(Error::new(
                &OBJECT_TOO_LARGE,
                format!("what is written under a condition may have {most} at most"),
            ));
        }
        let path = self.path(name);
        let place = |cause| fault::of_place(cause, name.as_str());
        let upload = self.backend().put_multipart(&path).await;
        let upload = self.counted("put", upload).map_err(place)?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, self.store.part);
        match self.fill(&mut writer, body, how.digest, name).await {
            Ok((size, digest)) => {
                let _turn = self.turn(name).await?;
                let etag = writer.finish().await.map_err(place)?.e_tag.map(Etag);
                self.wrote(size);
                Ok(Stored { size, digest, etag })
            }
            Err(error) => {
                // What is left of it without this is the store's to clean.
                let _ = writer.abort().await;
                Err(error)
            }
        }
    }

    async fn fill(
        &self,
        writer: &mut WriteMultipart,
        body: impl Stream<Item = Result<Bytes>> + Send,
        digest: Option<Digest>,
        name: &Name,
    ) -> Result<(u64, Digest)> {
        let (mut body, mut passing) = (pin!(body), Passing::default());
        while let Some(bytes) = body.next().await {
            let bytes = bytes?;
            self.take(&mut passing, &bytes)?;
            let room = writer.wait_for_capacity(AT_ONCE).await;
            room.map_err(|cause| fault::of_place(cause, name.as_str()))?;
            writer.put(bytes);
        }
        finish(passing, digest)
    }

    fn take(&self, passing: &mut Passing, bytes: &[u8]) -> Result<()> {
        passing.take(bytes);
        if passing.size() <= self.store.largest {
            return Ok(());
        }
        let most = config::ByteSize::from_bytes(self.store.largest);
        Err(Error::new(
            &OBJECT_TOO_LARGE,
            format!("an object may have {most} at most"),
        ))
    }

    fn wrote(&self, size: u64) {
        metrics::counter!("objects_bytes_total", "store" => self.kind(), "direction" => "in")
            .increment(size);
    }
}

fn changed(name: &Name) -> Error {
    Error::new(
        &reason::ETAG_MISMATCH,
        format!("the object {name} changed since it was read"),
    )
}

fn finish(passing: Passing, expected: Option<Digest>) -> Result<(u64, Digest)> {
    let (size, digest) = (passing.size(), passing.digest());
    match expected {
        Some(expected) if expected != digest => Err(Error::new(
            &OBJECT_DIGEST_MISMATCH,
            format!("the digest of what came is {digest}, not {expected}"),
        )),
        _ => Ok((size, digest)),
    }
}

/// An error of ours stays what it is.
fn from_stream(cause: impl Into<BoxError>) -> Error {
    match cause.into().downcast::<Error>() {
        Ok(ours) => *ours,
        Err(other) => Error::new(&reason::CANCELLED, "the stream of the object's bytes broke")
            .with_source(other),
    }
}
