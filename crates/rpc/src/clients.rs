//! The channels a service may use: to the services it declared that it calls, and no others.

use crate::Channel;
use std::{collections::BTreeMap, sync::Arc};

/// Channels by service name.
#[derive(Clone, Default)]
pub struct Clients(Arc<BTreeMap<&'static str, Channel>>);

impl Clients {
    /// The given channels and no others.
    pub fn new(channels: impl IntoIterator<Item = (&'static str, Channel)>) -> Self {
        Self(Arc::new(channels.into_iter().collect()))
    }

    /// The channel to a service.
    ///
    /// # Panics
    /// If the calling service did not name it in [`crate::Service::CALLS`]: that is a mistake in the program.
    pub fn channel(&self, service: &str) -> Channel {
        match self.0.get(service) {
            Some(channel) => channel.clone(),
            None => panic!("no channel to {service:?}: name it in Service::CALLS"),
        }
    }

    /// The names that have a channel.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }
}
