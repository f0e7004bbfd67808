//! A request that comes twice is done once: the second gets the first one's answer.

use std::time::Duration;

use auth::Scope;
use diesel::prelude::*;
use error::{Error, reason};
use value::{Id, Time};

use crate::conn::Conn;
use crate::error::Failure;
use crate::schema::idempotency as table;

/// How long answers are kept when nothing else is said.
pub const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// A request that may come again.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The RPC's path.
    pub rpc: &'a str,
    /// What the client calls this request; empty: it is never recognised.
    pub request_id: &'a str,
    /// The hash of its body, without the request id.
    pub body_hash: &'a [u8],
    /// When it came.
    pub now: Time,
    /// How long its answer is kept.
    pub keep: Duration,
}

/// Runs `work` unless the same request was done before; the answer, of now or of then. Use it inside
/// `Db::write`. The same request id with another body is refused with `REQUEST_ID_REUSED`.
pub fn once(
    conn: &mut Conn,
    scope: &Scope,
    request: Request<'_>,
    work: impl FnOnce(&mut Conn) -> Result<Vec<u8>, Failure>,
) -> Result<Vec<u8>, Failure> {
    if request.request_id.is_empty() {
        return work(conn);
    }
    let actor = scope.actor();
    let mine = table::table.find((scope.tenant(), request.rpc, &actor, request.request_id));
    diesel::delete(mine.filter(table::expires_at.le(request.now))).execute(conn)?;
    let row = (
        table::tenant.eq(scope.tenant()),
        table::rpc.eq(request.rpc),
        table::principal.eq(&actor),
        table::request_id.eq(request.request_id),
        table::body_hash.eq(request.body_hash),
        table::response.eq(Vec::new()),
        table::created_at.eq(request.now),
        table::expires_at.eq(request.now + request.keep),
    );
    // The row goes in first: of two that come at once, one waits here for the other.
    let first = crate::on_each!(conn, c => diesel::insert_into(table::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if first == 0 {
        let (hash, response): (Vec<u8>, Vec<u8>) = mine
            .select((table::body_hash, table::response))
            .first(conn)?;
        if hash != request.body_hash {
            return Err(Error::new(
                &reason::REQUEST_ID_REUSED,
                "this request id was used for a request with another body",
            )
            .into());
        }
        return Ok(response);
    }
    let response = work(conn)?;
    diesel::update(mine)
        .set(table::response.eq(&response))
        .execute(conn)?;
    Ok(response)
}

/// A request that may come again, as it is handed on to where it is done: kept for [`KEEP`].
#[derive(Debug, Clone)]
pub struct Once {
    /// What is asked for, such as the RPC's name.
    pub rpc: &'static str,
    /// What the client calls this request; empty: it is never recognised.
    pub request_id: String,
    /// The [`hash`] of its body, without the request id. A body with a secret in it is hashed without that: a fast hash of a password
    /// could be guessed.
    pub body_hash: [u8; 32],
}

impl Once {
    /// See [`once`].
    ///
    /// # Errors
    /// `REQUEST_ID_REUSED` for the same request id with another body, and those of the work.
    pub fn answer(
        &self,
        conn: &mut Conn,
        scope: &Scope,
        now: Time,
        work: impl FnOnce(&mut Conn) -> Result<Vec<u8>, Failure>,
    ) -> Result<Vec<u8>, Failure> {
        let request = Request {
            rpc: self.rpc,
            request_id: &self.request_id,
            body_hash: &self.body_hash,
            now,
            keep: KEEP,
        };
        once(conn, scope, request, work)
    }

    /// The id of what `create` makes, or of what the same request made before.
    ///
    /// # Errors
    /// See [`Once::answer`].
    pub fn id(
        &self,
        conn: &mut Conn,
        scope: &Scope,
        now: Time,
        create: impl FnOnce(&mut Conn) -> Result<Id, Failure>,
    ) -> Result<Id, Failure> {
        let made = self.answer(conn, scope, now, |conn| {
            create(conn).map(|id| id.as_bytes().to_vec())
        })?;
        let id = uuid::Uuid::from_slice(&made).map_err(Error::internal)?;
        Ok(Id::from_uuid(id))
    }
}

/// Forgets answers that have expired; how many there were.
pub fn purge(conn: &mut Conn, now: Time) -> Result<usize, Failure> {
    Ok(diesel::delete(table::table.filter(table::expires_at.le(now))).execute(conn)?)
}

/// The hash of a request's body.
pub fn hash(body: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(body).into()
}
