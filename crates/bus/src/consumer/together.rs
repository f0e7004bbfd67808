//! Events that take effect together: one transaction of a tenant, a savepoint for each, what the inbox notes of them
//! beside it. An event that fails takes nothing of the others with it; where the commit fails each is tried alone.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::Scope;
use db::{Conn, Failure, inbox, origin};
use error::{Error, Result};
use futures::stream::{FuturesUnordered, StreamExt};
use value::{Id, Time};

use super::{Apply, Ended, Worker, by_key, cause, is_fatal, untried};
use crate::envelope::Received;
use crate::messaging::Mark;

/// A transaction takes no further event after so long, so that others do not wait for a whole batch of slow ones.
const PATIENCE: Duration = Duration::from_millis(50);

/// An event on its way into the database.
struct Piece {
    mark: Mark,
    id: Id,
    event: Received,
}

/// What became of it.
#[derive(Debug)]
enum Verdict {
    /// It took effect, now or before.
    Done,
    /// It waits for one before it with the same key.
    Held,
    /// It had no effect.
    Failed(Error),
}

/// What the events of one transaction have in common.
#[derive(Clone)]
struct Batch {
    consumer: &'static str,
    tenant: Id,
    now: Time,
    apply: Apply,
    pieces: Arc<Vec<Piece>>,
    /// Which of the pieces.
    range: Range<usize>,
    /// Keys of what has to wait.
    held: Arc<BTreeSet<String>>,
}

impl Worker {
    /// Applies the events of a tenant in their order, as many in a transaction as there may be.
    pub(super) async fn apply_all(
        &self,
        apply: &Apply,
        tenant: Id,
        events: Vec<(Mark, Result<Received>)>,
    ) -> Ended {
        let mut ended = Ended::default();
        let mut pieces = Vec::with_capacity(events.len());
        for (mark, event) in events {
            match event.and_then(|event| Ok((event.event_id()?, event))) {
                Ok((id, event)) => pieces.push(Piece { mark, id, event }),
                Err(failure) => ended.refused.push(self.refusal(mark, &failure)),
            }
        }
        let pieces = Arc::new(pieces);
        let mut held = BTreeSet::new();
        let mut at = 0;
        while at < pieces.len() {
            let range = at..at + self.fits(&pieces[at..]);
            at = range.end;
            if range.len() > 1 {
                let batch = Batch {
                    consumer: self.consumer.name,
                    tenant,
                    now: self.clock.now(),
                    apply: Arc::clone(apply),
                    pieces: Arc::clone(&pieces),
                    range: range.clone(),
                    held: Arc::new(held.clone()),
                };
                let scope = Scope::system(tenant, "apply events");
                let line = usize::from(tenant.as_bytes()[15]) % self.lines.len();
                let alone = self.lines[line].lock().await;
                let applied = self.db.write(&scope, move |c| batch.apply(c)).await;
                drop(alone);
                match applied {
                    Ok(verdicts) => {
                        // It may have taken less than it was offered.
                        at = range.start + verdicts.len();
                        for (piece, verdict) in pieces[range].iter().zip(verdicts) {
                            self.note(piece, verdict, &mut ended, &mut held);
                        }
                        continue;
                    }
                    Err(failure) => {
                        let (service, consumer) = (self.db.service(), self.consumer.name);
                        tracing::debug!(service, consumer, %failure, "events are applied one by one");
                    }
                }
            }
            self.one_by_one(&pieces[range], &mut ended, &mut held).await;
        }
        ended
    }

    /// How many of the pieces go into the next transaction: as many as may, each id once.
    fn fits(&self, pieces: &[Piece]) -> usize {
        let mut ids = HashSet::new();
        let most = self.consumer.together;
        let fits = pieces.iter().take(most);
        fits.take_while(|piece| ids.insert(piece.id)).count()
    }

    fn note(
        &self,
        piece: &Piece,
        verdict: Verdict,
        ended: &mut Ended,
        held: &mut BTreeSet<String>,
    ) {
        match verdict {
            Verdict::Done => ended.done.push(piece.mark),
            Verdict::Held => ended.refused.push(untried(piece.mark)),
            Verdict::Failed(failure) => {
                let refusal = self.refusal(piece.mark, &failure);
                if !refusal.fatal {
                    hold(held, piece);
                }
                ended.refused.push(refusal);
            }
        }
    }

    /// Each piece in a transaction of its own, keys at the same time.
    async fn one_by_one(&self, pieces: &[Piece], ended: &mut Ended, held: &mut BTreeSet<String>) {
        let (waiting, ready): (Vec<_>, Vec<_>) = pieces
            .iter()
            .partition(|piece| held.contains(&piece.event.content.key));
        let waiting = waiting.into_iter().map(|piece| untried(piece.mark));
        ended.refused.extend(waiting);
        let ready = ready
            .into_iter()
            .map(|piece| (piece.mark, Ok(piece.event.clone())));
        let mut lanes: FuturesUnordered<_> = by_key(ready)
            .into_iter()
            .map(|lane| self.lane(lane))
            .collect();
        while let Some(lane) = lanes.next().await {
            ended.done.extend(lane.done);
            ended.refused.extend(lane.refused);
            held.extend(lane.held.filter(|key| !key.is_empty()));
        }
    }
}

impl Batch {
    /// Applies the pieces that there is time for: what became of each. Runs again after a conflict.
    fn apply(&self, c: &mut Conn) -> Result<Vec<Verdict>, Failure> {
        let began = Instant::now();
        let pieces = &self.pieces[self.range.clone()];
        let ids: Vec<Id> = pieces.iter().map(|piece| piece.id).collect();
        let new = inbox::first_times(c, self.consumer, &ids, self.tenant, self.now)?;
        let mut held = self.held.as_ref().clone();
        let in_time = pieces.iter().enumerate();
        let in_time = in_time.take_while(|(at, _)| *at == 0 || began.elapsed() < PATIENCE);
        let outcomes = c.each(in_time, |c, (_, piece)| {
            if !new.contains(&piece.id) {
                return Ok(Verdict::Done);
            }
            let key = &piece.event.content.key;
            if held.contains(key) {
                return Ok(Verdict::Held);
            }
            // Until it is through, and where it panics, what follows it waits.
            hold(&mut held, piece);
            let applied = origin::part(cause(&piece.event), || (self.apply)(c, &piece.event));
            let failure = match applied {
                Ok(()) => {
                    held.remove(key);
                    return Ok(Verdict::Done);
                }
                // It is the whole transaction that cannot be now.
                Err(failure) if failure.is_transient() => return Err(failure),
                Err(failure) => Error::from(failure),
            };
            if is_fatal(&failure) {
                held.remove(key);
            }
            Err(failure.into())
        })?;
        let verdicts: Vec<Verdict> = outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(|failure| Verdict::Failed(failure.into())))
            .collect();
        let without_effect = pieces.iter().enumerate().filter(|(at, piece)| {
            let done = matches!(verdicts.get(*at), Some(Verdict::Done));
            !done && new.contains(&piece.id)
        });
        let without_effect: Vec<Id> = without_effect.map(|(_, piece)| piece.id).collect();
        inbox::not_yet(c, self.consumer, &without_effect)?;
        Ok(verdicts)
    }
}

/// What has the key of a piece has to wait.
fn hold(held: &mut BTreeSet<String>, piece: &Piece) {
    let key = &piece.event.content.key;
    if !key.is_empty() {
        held.insert(key.clone());
    }
}
