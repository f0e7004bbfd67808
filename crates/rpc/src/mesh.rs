//! Where each service is: in this process, at a configured address, or at a peer that told us.

mod contract;
mod places;
mod poll;

pub use contract::MeshContract;

use crate::{
    BoxError, Channel, Clients, Inbound, Outbound, Pool, Target, TlsConfig, channel::Behalf,
};
use places::Places;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};
use value::{Clock, Time};

/// How long an offer holds; it is repeated three times in this time.
pub const LEASE: Duration = Duration::from_secs(10);

/// The section `[mesh]`: how this process finds the others.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MeshConfig {
    /// Addresses of some other processes, asked for what they serve.
    pub peers: Vec<String>,
    /// The address at which others reach this process; empty: where it listens.
    pub address: String,
    /// Another process may take over a service that runs here, for as long as it says so.
    pub allow_override: bool,
    /// Calls within the process go through its own socket, as if it were another.
    pub loopback: bool,
    /// The secret that all processes of the installation share, to know each other without TLS.
    pub key: Option<config::Secret>,
    /// Mutual TLS on sockets.
    pub tls: Option<TlsConfig>,
}

impl config::Validate for MeshConfig {
    fn validate(&self, problems: &mut config::Problems) {
        let addresses = self
            .peers
            .iter()
            .chain((!self.address.is_empty()).then_some(&self.address));
        for address in addresses {
            let uri = if address.contains("://") {
                address.clone()
            } else {
                format!("http://{address}")
            };
            if tonic::transport::Endpoint::from_shared(uri).is_err() {
                problems.add(
                    "peers",
                    format!("{address:?} is no address such as 10.0.0.7:7700"),
                );
            }
        }
    }
}

/// Knows where services are and keeps channels pointed there. Clones share it.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    outbound: Arc<Outbound>,
    pool: Arc<Pool>,
    config: MeshConfig,
    clock: Arc<dyn Clock>,
    started: Time,
    /// Where others reach this process, once it listens.
    own: OnceLock<String>,
    slots: Mutex<BTreeMap<String, Slot>>,
}

/// A service: what is known of where it is, and the channels that follow it.
struct Slot {
    places: Places,
    service: Channel,
    end_user: Channel,
}

impl Directory {
    /// A directory that knows nothing yet.
    pub fn new(
        outbound: Arc<Outbound>,
        config: MeshConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BoxError> {
        let tls = config.tls.as_ref().map(TlsConfig::load).transpose()?;
        Ok(Self(Arc::new(Inner {
            outbound,
            pool: Pool::new(tls),
            config,
            started: clock.now(),
            clock,
            own: OnceLock::new(),
            slots: Mutex::default(),
        })))
    }

    /// The channel for services of this process; it may be taken before the service is anywhere.
    pub fn channel(&self, service: &str) -> Channel {
        self.with_slot(service, |slot| slot.service.clone())
    }

    /// The channel for the edge, which calls for end users; `None` if the service was never heard of.
    pub fn edge_channel(&self, service: &str) -> Option<Channel> {
        let slots = self.0.slots.lock().expect("no panic while held");
        slots.get(service).map(|slot| slot.end_user.clone())
    }

    /// The channels of a service that calls these.
    pub fn clients(&self, calls: &[&'static str]) -> Clients {
        Clients::new(calls.iter().map(|name| (*name, self.channel(name))))
    }

    /// Makes the edge know a service even before it is anywhere.
    pub fn expect(&self, service: &str) {
        self.with_slot(service, |_| ());
    }

    /// Says that a service runs in this process.
    pub fn serve(&self, service: &str, inbound: Inbound) {
        self.change(service, |places| places.local = Some(inbound));
    }

    /// Says where a service is, by configuration.
    pub fn configure(&self, service: &str, addresses: Vec<String>) {
        self.change(service, |places| places.configured = addresses);
    }

    /// Says where this process can be reached, once it listens.
    pub fn listens_at(&self, address: String) {
        let address = if self.0.config.address.is_empty() {
            address
        } else {
            self.0.config.address.clone()
        };
        let _ = self.0.own.set(address);
        self.refresh();
    }

    /// The services that run in this process.
    pub fn served(&self) -> Vec<String> {
        let slots = self.0.slots.lock().expect("no panic while held");
        slots
            .iter()
            .filter(|(_, slot)| slot.places.local.is_some())
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The services that this process can reach nowhere.
    pub fn unreachable(&self) -> Vec<String> {
        let slots = self.0.slots.lock().expect("no panic while held");
        slots
            .iter()
            .filter(|(_, slot)| matches!(slot.service.target(), Target::Absent))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Takes the offer of a service at an address until the lease ends; true if calls go there now
    /// or as soon as nothing better is left.
    pub fn offer(&self, service: &str, address: &str) -> bool {
        let now = self.0.clock.now();
        self.0.pool.forgive(address);
        let may_override = self.0.config.allow_override;
        self.change(service, |places| {
            places.offer(address, now + LEASE, may_override)
        })
    }

    /// Notes that a peer said that it serves a service.
    pub(crate) fn discover(&self, service: &str, address: &str) {
        let until = self.0.clock.now() + LEASE;
        self.change(service, |places| places.discover(address, until));
    }

    /// Notes that a peer knows where a service is.
    pub(crate) fn hear(&self, service: &str, address: &str) {
        let until = self.0.clock.now() + LEASE;
        self.change(service, |places| places.hear(address, until));
    }

    /// Where services are, as the processes that serve them said themselves. What was only heard of is left out:
    /// two who tell each other would keep it alive for ever.
    pub(crate) fn known(&self) -> Vec<(String, Vec<String>)> {
        let slots = self.0.slots.lock().expect("no panic while held");
        slots
            .iter()
            .map(|(name, slot)| (name.clone(), slot.places.said()))
            .filter(|(_, addresses)| !addresses.is_empty())
            .collect()
    }

    /// Forgets leases that have ended and overrides that do not answer.
    pub fn refresh(&self) {
        let names: Vec<_> = self
            .0
            .slots
            .lock()
            .expect("no panic while held")
            .keys()
            .cloned()
            .collect();
        for name in names {
            self.change(&name, |_| ());
        }
    }

    /// Forgets where everything is, as a process ends. Services that call each other hold each other through their channels; without
    /// this they, and the files they have open, would outlive it.
    pub fn close(&self) {
        let mut slots = self.0.slots.lock().expect("no panic while held");
        for slot in slots.values_mut() {
            slot.places = Places::default();
            slot.service.point_to(Target::Absent);
            slot.end_user.point_to(Target::Absent);
        }
    }

    fn change<T>(&self, service: &str, change: impl FnOnce(&mut Places) -> T) -> T {
        let inner = &*self.0;
        self.with_slot(service, |slot| {
            let answer = change(&mut slot.places);
            slot.places.forget(inner.clock.now());
            slot.places
                .forget_failing(|address| inner.pool.is_failing(address));
            let own = inner
                .own
                .get()
                .filter(|_| inner.config.loopback)
                .map(String::as_str);
            if let Some(place) = slot.places.best(own) {
                slot.point(place, inner);
            }
            answer
        })
    }

    fn with_slot<T>(&self, service: &str, look: impl FnOnce(&mut Slot) -> T) -> T {
        let mut slots = self.0.slots.lock().expect("no panic while held");
        let slot = slots.entry(service.to_owned()).or_insert_with(|| Slot {
            places: Places::default(),
            service: Channel::new(service, self.0.outbound.clone(), Behalf::Service),
            end_user: Channel::new(service, self.0.outbound.clone(), Behalf::EndUser),
        });
        look(slot)
    }
}

impl Slot {
    fn point(&self, place: places::Place, inner: &Inner) {
        let target = match place {
            places::Place::Nowhere => Target::Absent,
            places::Place::Here(inbound) => {
                self.service.point_to(Target::Local(inbound.clone()));
                self.end_user
                    .point_to(Target::Local(inbound.seen_by(crate::Peer::Edge)));
                return;
            }
            places::Place::At(addresses) => {
                match inner.pool.endpoints(addresses.iter().map(String::as_str)) {
                    Ok(endpoints) => Target::Remote(endpoints),
                    Err(error) => {
                        tracing::warn!(service = self.service.service(), %error, "an address is not usable");
                        Target::Absent
                    }
                }
            }
        };
        self.service.point_to(target.clone());
        self.end_user.point_to(target);
    }
}
