//! Messages of the platform's contracts as JSON, so that people can read the events of services.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value as Json;

/// The contracts of all services, read when the first of their events is to be shown.
#[derive(Clone)]
pub(crate) struct Known(Arc<Inner>);

struct Inner {
    sets: Arc<[&'static [u8]]>,
    pool: OnceLock<DescriptorPool>,
}

impl Known {
    /// Of these descriptor sets.
    pub(crate) fn new(sets: Arc<[&'static [u8]]>) -> Self {
        let pool = OnceLock::new();
        Self(Arc::new(Inner { sets, pool }))
    }

    /// The message of this type as JSON; `None` where no contract has the type, or the bytes are none.
    pub(crate) fn json(&self, name: &str, bytes: &Bytes) -> Option<Json> {
        let pool = self.0.pool.get_or_init(|| {
            let mut pool = DescriptorPool::new();
            for set in self.0.sets.iter() {
                if let Err(cause) = pool.decode_file_descriptor_set(*set) {
                    tracing::warn!(%cause, "a contract cannot be read; its events are shown as bytes");
                }
            }
            pool
        });
        let message =
            DynamicMessage::decode(pool.get_message_by_name(name)?, bytes.clone()).ok()?;
        serde_json::to_value(&message).ok()
    }
}
