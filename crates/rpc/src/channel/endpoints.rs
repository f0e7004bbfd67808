//! The addresses of a service: the less busy of two, and none that just failed.

use crate::{BoxError, MeshTls};
use http::{Request, Response};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tonic::{
    body::Body,
    transport::{Channel, Endpoint as Connector},
};
use tower::Service;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// An address that failed is left alone for this long; each further failure doubles it, six times at most.
const FIRST_EJECTION: Duration = Duration::from_millis(100);

/// The connections of a process, one for each address, shared by all channels.
pub struct Pool {
    tls: Option<MeshTls>,
    by_address: Mutex<HashMap<String, Arc<Endpoint>>>,
}

/// Some addresses of one service.
#[derive(Clone)]
pub struct Endpoints(Arc<[Arc<Endpoint>]>);

/// One address.
pub(super) struct Endpoint {
    address: String,
    connection: Channel,
    in_flight: AtomicU32,
    failures: AtomicU32,
    /// Milliseconds after `born` until which the address is left alone.
    ejected_until: AtomicU64,
    born: Instant,
}

impl Pool {
    /// No connections yet; mutual TLS if configured.
    pub fn new(tls: Option<MeshTls>) -> Arc<Self> {
        Arc::new(Self {
            tls,
            by_address: Mutex::default(),
        })
    }

    /// The addresses as endpoints; known ones keep their connection.
    pub fn endpoints<'a>(
        &self,
        addresses: impl IntoIterator<Item = &'a str>,
    ) -> Result<Endpoints, BoxError> {
        let mut known = self.by_address.lock().expect("no panic while held");
        let mut endpoints = Vec::new();
        for address in addresses {
            let endpoint = match known.get(address) {
                Some(endpoint) => endpoint.clone(),
                None => {
                    let made = Arc::new(self.connect(address)?);
                    known.insert(address.to_owned(), made.clone());
                    made
                }
            };
            endpoints.push(endpoint);
        }
        Ok(Endpoints(endpoints.into()))
    }

    /// Whether the last request to an address could not be sent or broke.
    pub(crate) fn is_failing(&self, address: &str) -> bool {
        let known = self.by_address.lock().expect("no panic while held");
        known
            .get(address)
            .is_some_and(|endpoint| endpoint.failures.load(Relaxed) > 0)
    }

    /// Gives an address that failed another chance, because it was heard of again.
    pub(crate) fn forgive(&self, address: &str) {
        let known = self.by_address.lock().expect("no panic while held");
        if let Some(endpoint) = known.get(address) {
            endpoint.failures.store(0, Relaxed);
            endpoint.ejected_until.store(0, Relaxed);
        }
    }

    fn connect(&self, address: &str) -> Result<Endpoint, BoxError> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let uri = if address.contains("://") {
            address.to_owned()
        } else {
            format!("{scheme}://{address}")
        };
        let mut connector = Connector::from_shared(uri)?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_max_header_list_size(crate::listen::HEADERS)
            .keep_alive_while_idle(true);
        if let Some(tls) = &self.tls {
            connector = connector.tls_config(tls.client())?;
        }
        Ok(Endpoint {
            address: address.to_owned(),
            connection: connector.connect_lazy(),
            in_flight: AtomicU32::new(0),
            failures: AtomicU32::new(0),
            ejected_until: AtomicU64::new(0),
            born: Instant::now(),
        })
    }
}

impl Endpoints {
    /// The addresses.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|endpoint| endpoint.address.as_str())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The less busy of two random addresses, passing over those that failed lately and `not`; if that
    /// leaves none, the one that will be tried again first.
    pub(super) fn pick(&self, not: Option<&Arc<Endpoint>>) -> Option<Arc<Endpoint>> {
        let usable = |endpoint: &Arc<Endpoint>| {
            !endpoint.is_ejected() && not.is_none_or(|not| !Arc::ptr_eq(not, endpoint))
        };
        let most = self.0.len();
        if most > 1 {
            let first = &self.0[rand::random_range(0..most)];
            let second = &self.0[rand::random_range(0..most)];
            let best = [first, second]
                .into_iter()
                .filter(|endpoint| usable(endpoint))
                .min_by_key(|endpoint| endpoint.in_flight.load(Relaxed));
            if let Some(best) = best {
                return Some(best.clone());
            }
        }
        let not_again =
            |endpoint: &&Arc<Endpoint>| not.is_some_and(|not| Arc::ptr_eq(not, endpoint));
        self.0
            .iter()
            .min_by_key(|endpoint| {
                let rest = endpoint.ejection_left();
                (not_again(endpoint), rest, endpoint.in_flight.load(Relaxed))
            })
            .cloned()
    }
}

impl Endpoint {
    /// Sends one request; a failure to do so keeps others away for a while.
    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let _busy = Busy::new(&self.in_flight);
        let mut connection = self.connection.clone();
        let sent = async {
            std::future::poll_fn(|cx| connection.poll_ready(cx)).await?;
            connection.call(request).await
        };
        match sent.await {
            Ok(response) => {
                self.failures.store(0, Relaxed);
                self.ejected_until.store(0, Relaxed);
                Ok(response)
            }
            Err(error) => {
                let failures = self.failures.fetch_add(1, Relaxed).min(6);
                let pause = FIRST_EJECTION * (1 << failures);
                let until = self.born.elapsed() + pause;
                self.ejected_until.store(until.as_millis() as u64, Relaxed);
                Err(error.into())
            }
        }
    }

    fn is_ejected(&self) -> bool {
        self.ejection_left() > 0
    }

    fn ejection_left(&self) -> u64 {
        self.ejected_until
            .load(Relaxed)
            .saturating_sub(self.born.elapsed().as_millis() as u64)
    }
}

/// A request on its way to an address.
struct Busy<'a>(&'a AtomicU32);

impl<'a> Busy<'a> {
    fn new(in_flight: &'a AtomicU32) -> Self {
        in_flight.fetch_add(1, Relaxed);
        Self(in_flight)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
