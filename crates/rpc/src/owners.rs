//! The channels to whoever keeps durable work. Any service may, so they are no part of [`crate::Service::CALLS`]:
//! like the mesh's contract, that of jobs belongs to the ground, and what is asked over it never asks back.

use crate::Channel;
use std::{collections::BTreeMap, sync::Arc};

/// Channels for `tessera.jobs.v1.JobsService`, by the service whose jobs they are.
#[derive(Clone, Default)]
pub struct Owners(Arc<BTreeMap<&'static str, Channel>>);

impl Owners {
    /// The given channels and no others.
    pub fn new(channels: impl IntoIterator<Item = (&'static str, Channel)>) -> Self {
        Self(Arc::new(channels.into_iter().collect()))
    }

    /// The channel to a service; `None` if the installation has no such service.
    pub fn channel(&self, service: &str) -> Option<Channel> {
        self.0.get(service).cloned()
    }

    /// The services of the installation, by name.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }
}
