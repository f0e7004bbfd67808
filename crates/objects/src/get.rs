//! Reading: whole or a part, streamed; what is said to have a digest is checked as it goes by.

use crate::{
    About, Digest, Etag, Name, OBJECT_DAMAGED, OBJECT_TOO_LARGE, Objects, digest::Passing, fault,
    store::about,
};
use bytes::{Bytes, BytesMut};
use error::{Error, Result, reason};
use futures::{Stream, StreamExt as _, stream::BoxStream};
use object_store::{GetOptions, GetRange};
use std::{
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

/// How an object is read.
#[derive(Debug, Clone, Default)]
pub struct Get {
    /// Only these bytes; what lies behind the end is left out.
    pub range: Option<Range<u64>>,
    /// What the digest of all of it must be.
    pub digest: Option<Digest>,
    /// Only if it is still these bytes.
    pub etag: Option<Etag>,
}

/// An object being read.
pub struct Object {
    /// What is known of it.
    pub about: About,
    /// Which of its bytes come.
    pub range: Range<u64>,
    /// The bytes.
    pub body: Body,
}

/// The bytes of an object as they come. If they are not those of the digest, the last item is the error
/// `OBJECT_DAMAGED`: what was read before it must not be used.
pub struct Body {
    parts: BoxStream<'static, object_store::Result<Bytes>>,
    /// What they must be: size and, if it is known, digest.
    left: Option<(Passing, u64, Option<Digest>)>,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
    name: Name,
    kind: &'static str,
}

impl Objects {
    /// Opens an object.
    ///
    /// # Errors
    /// `NOT_FOUND`, `ETAG_MISMATCH`, `OUT_OF_RANGE` if the range begins behind the end, or that the store is of no use.
    pub async fn get(&self, name: &Name, how: Get) -> Result<Object> {
        let whole = how.range.is_none();
        if let Some(range) = &how.range
            && (range.is_empty() || how.digest.is_some())
        {
            return Err(Error::invalid_field(
                "range",
                "RANGE",
                "must not be empty, nor be given together with the digest of all bytes",
            ));
        }
        let begin = how.range.as_ref().map_or(0, |range| range.start);
        let options = GetOptions {
            range: how.range.map(GetRange::Bounded),
            if_match: how.etag.map(|etag| etag.0),
            ..GetOptions::default()
        };
        let got = self.backend().get_opts(&self.path(name), options).await;
        let got = match self.counted("get", got) {
            Ok(got) => got,
            Err(cause) => {
                let error = fault::of(cause, name.as_str());
                // What lies behind the end is said in a different way by each store.
                if !whole && error.is(&crate::OBJECT_STORE_UNAVAILABLE) {
                    let size = self.about(name).await?.size;
                    if begin >= size {
                        return Err(Error::new(
                            &reason::OUT_OF_RANGE,
                            format!("the object {name} ends at {size}"),
                        ));
                    }
                }
                return Err(error);
            }
        };
        let size = got.range.end - got.range.start;
        let patience = self.store.patience;
        Ok(Object {
            about: about(name.clone(), &got.meta),
            range: got.range.clone(),
            body: Body {
                parts: got.into_stream(),
                left: Some((Passing::default(), size, how.digest)),
                patience,
                deadline: Box::pin(tokio::time::sleep(patience)),
                name: name.clone(),
                kind: self.kind(),
            },
        })
    }

    /// Reads an object, or a part of it, that has no more than `most` bytes; what is answered was checked.
    ///
    /// # Errors
    /// `OBJECT_TOO_LARGE`, and those of [`Objects::get`].
    pub async fn read(&self, name: &Name, how: Get, most: usize) -> Result<Bytes> {
        let object = self.get(name, how).await?;
        let size = usize::try_from(object.range.end - object.range.start).unwrap_or(usize::MAX);
        if size > most {
            return Err(Error::new(
                &OBJECT_TOO_LARGE,
                format!("the object {name} has {size} bytes, more than the {most} wanted"),
            ));
        }
        let (mut body, mut whole) = (object.body, BytesMut::with_capacity(size));
        while let Some(bytes) = body.next().await {
            whole.extend_from_slice(&bytes?);
        }
        Ok(whole.freeze())
    }
}

impl Body {
    fn end(&mut self) -> Option<Result<Bytes>> {
        let (passing, size, digest) = self.left.take()?;
        let found = passing.size();
        metrics::counter!("objects_bytes_total", "store" => self.kind, "direction" => "out")
            .increment(found);
        let name = &self.name;
        let damaged = |what: String| Some(Err(Error::new(&OBJECT_DAMAGED, what)));
        if found != size {
            return damaged(format!("the object {name} has {found} bytes, not {size}"));
        }
        match digest {
            Some(digest) if passing.digest() != digest => damaged(format!(
                "the bytes of the object {name} are not those of {digest}"
            )),
            _ => None,
        }
    }
}

impl Stream for Body {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.left.is_none() {
            return Poll::Ready(None);
        }
        match this.parts.poll_next_unpin(context) {
            Poll::Ready(Some(Ok(bytes))) => {
                if let Some((passing, ..)) = &mut this.left {
                    passing.take(&bytes);
                }
                let next = Instant::now() + this.patience;
                this.deadline.as_mut().reset(next);
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(Some(Err(cause))) => {
                this.left = None;
                Poll::Ready(Some(Err(fault::of(cause, this.name.as_str()))))
            }
            Poll::Ready(None) => Poll::Ready(this.end()),
            Poll::Pending => {
                if this.deadline.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                this.left = None;
                let late = fault::unavailable("the store stopped in the middle of an object");
                Poll::Ready(Some(Err(late)))
            }
        }
    }
}
