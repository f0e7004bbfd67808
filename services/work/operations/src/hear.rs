//! Hearing of durable work: each change that an owner told is taken in once, in the transaction that notes it as received.

use crate::{bell::Bell, convert::job, store};
use bus::Consumer;
use std::sync::Arc;
use value::Clock;

/// The group's name.
pub(crate) const GROUP: &str = "index";

/// The consumer that keeps the index. It begins with the oldest event there is: what began while this service was away, or was
/// not yet there, is heard of too.
pub(crate) fn consumer(bell: Bell, clock: Arc<dyn Clock>) -> Consumer {
    Consumer::apply(GROUP, job::TOPIC, move |c, event| {
        let tiding = job::tiding(event.content.tenant, &event.content.data)?;
        store::heed(c, event.event_id()?, &tiding, clock.now())?;
        // Followers look a moment later, when this is committed, and again after a while if it is not.
        bell.ring(tiding.entry.id);
        Ok(())
    })
}
