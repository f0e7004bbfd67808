//! Events between services. A service puts an event into its outbox in the transaction that it tells about; the relay
//! hands it to `messaging` in an envelope of CloudEvents; a consumer elsewhere takes it once, by its inbox.
//!
//! Where messages are kept and delivered is behind [`Messaging`]: nothing here knows how they travel.

mod consumer;
pub mod envelope;
mod event;
mod messaging;
mod relay;
pub mod topic;

pub use consumer::{Consumer, Outcome};
pub use envelope::Received;
pub use event::{Event, publish};
pub use messaging::{Bus, Delivery, Group, Mark, Messaging, Refused, Relayed, Sealed, Settled};
pub use relay::Relay;
