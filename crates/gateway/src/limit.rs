//! Rate limits by client: a principal where the token is good, else the address. A token bucket each (GCRA).

use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use error::{Error, Result};
use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, request::Parts};
use tokio::time::Instant;
use value::Id;

use crate::config::rate::{Rate, RateConfig, bucket, canonical};

/// How often full buckets, which are as good as none, are dropped.
const SWEEP: Duration = Duration::from_secs(10);

/// The address at the other end of the connection, as an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// The buckets of all clients.
#[derive(Debug)]
pub(crate) struct Limiter {
    config: RateConfig,
    principals: Buckets<Id>,
    addresses: Buckets<IpAddr>,
}

impl Limiter {
    pub(crate) fn new(config: &RateConfig) -> Self {
        Self {
            principals: Buckets::new(config.principal),
            addresses: Buckets::new(config.address),
            config: config.clone(),
        }
    }

    /// Counts a request of a principal, or where none is known of the address it comes from.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time to wait, where it is one too many.
    pub(crate) fn admit(&self, principal: Option<Id>, request: &Parts) -> Result<()> {
        if !self.config.enabled {
            return Ok(());
        }
        let (wait, rate) = match principal {
            Some(id) => (self.principals.take(&id), self.config.principal),
            None => {
                let address = bucket(self.address(request));
                (self.addresses.take(&address), self.config.address)
            }
        };
        match wait {
            None => Ok(()),
            Some(wait) => Err(Error::new(
                &error::reason::RATE_LIMITED,
                "more requests than this client may make",
            )
            .with_metadata("limit_per_second", rate.per_second.to_string())
            .with_retry_after(wait)),
        }
    }

    /// Who asked: the peer, or, where that is a proxy of ours, whom it names.
    fn address(&self, request: &Parts) -> IpAddr {
        let peer = request.extensions.get::<PeerAddress>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| canonical(peer.0));
        if !self.config.trusts(peer) {
            return peer;
        }
        forwarded(&request.headers)
            .map_while(|hop| hop)
            .find(|hop| !self.config.trusts(*hop))
            .unwrap_or(peer)
    }
}

/// The hops of `x-forwarded-for`, the nearest first; each proxy adds whom it was asked by.
fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let values = headers.get_all("x-forwarded-for").iter().rev();
    values
        .flat_map(|value| value.to_str().unwrap_or("?").rsplit(','))
        .map(|hop| hop.trim().parse().ok().map(canonical))
}

/// The time of the runtime, which tests can stop and move.
#[derive(Clone, Debug)]
struct Ticks(Instant);

impl Clock for Ticks {
    type Instant = Tick;

    fn now(&self) -> Tick {
        Tick(self.0.elapsed())
    }
}

/// Time since the process began to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tick(Duration);

impl std::ops::Add<governor::nanos::Nanos> for Tick {
    type Output = Self;

    fn add(self, nanos: governor::nanos::Nanos) -> Self {
        Self(self.0 + Duration::from(nanos))
    }
}

impl Reference for Tick {
    fn duration_since(&self, earlier: Self) -> governor::nanos::Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, nanos: governor::nanos::Nanos) -> Self {
        Self(self.0.saturating_sub(nanos.into()))
    }
}

#[derive(Debug)]
struct Buckets<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DashMapStateStore<K>, Ticks, NoOpMiddleware<Tick>>,
    clock: Ticks,
    /// When full buckets were last dropped, in milliseconds.
    swept: AtomicU64,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(rate: Rate) -> Self {
        let clock = Ticks(Instant::now());
        let positive = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(positive(rate.per_second)).allow_burst(positive(rate.burst));
        Self {
            limiter: RateLimiter::dashmap_with_clock(quota, clock.clone()),
            clock,
            swept: AtomicU64::new(0),
        }
    }

    /// Takes one from a bucket; how long until there is one again, where it is empty.
    fn take(&self, key: &K) -> Option<Duration> {
        self.sweep();
        let refused = self.limiter.check_key(key).err()?;
        Some(refused.wait_time_from(self.clock.now()))
    }

    fn sweep(&self) {
        let now = u64::try_from(self.clock.now().0.as_millis()).unwrap_or(u64::MAX);
        let last = self.swept.load(Ordering::Relaxed);
        let due = now.saturating_sub(last) >= SWEEP.as_millis() as u64;
        let exchange = |last| {
            let order = Ordering::Relaxed;
            self.swept.compare_exchange(last, now, order, order).is_ok()
        };
        if due && exchange(last) {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn request(peer: &str, forwarded: &[&str]) -> Parts {
        let mut request = Request::get("/");
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(PeerAddress(peer.parse().unwrap()));
        parts
    }

    fn limiter(config: &str) -> Limiter {
        Limiter::new(&serde_json::from_str(config).unwrap())
    }

    #[test]
    fn proxies_are_believed_where_they_are_ours_only() {
        let plain = limiter("{}");
        let behind = limiter(r#"{"trusted_proxies": ["10.0.0.0/8", "192.168.1.1", "fd00::/8"]}"#);
        let asked = |limiter: &Limiter, peer, forwarded: &[&str]| {
            limiter.address(&request(peer, forwarded)).to_string()
        };
        assert_eq!(asked(&plain, "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        for (peer, forwarded, expected) in [
            ("8.8.8.8", &["1.2.3.4"][..], "8.8.8.8"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
            ("::ffff:10.0.0.1", &["::ffff:1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", &["6.6.6.6, 1.2.3.4, 192.168.1.1"], "1.2.3.4"),
            ("10.0.0.1", &["6.6.6.6", "1.2.3.4,10.9.9.9"], "1.2.3.4"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["1.2.3.4, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["\u{e9}"], "10.0.0.1"),
        ] {
            assert_eq!(
                asked(&behind, peer, forwarded),
                expected,
                "{peer} {forwarded:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_fills_again_and_is_dropped_when_full() {
        let buckets = Buckets::new(Rate {
            per_second: 2,
            burst: 3,
        });
        for key in 0..100 {
            assert_eq!(buckets.take(&key), None);
        }
        assert_eq!((buckets.take(&0), buckets.take(&0)), (None, None));
        assert_eq!(buckets.take(&0), Some(Duration::from_millis(500)));
        assert_eq!(buckets.take(&1), None, "another client is not held up");
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(buckets.take(&0), None);
        assert!(buckets.take(&0).is_some());
        assert_eq!(buckets.limiter.len(), 100);
        tokio::time::advance(SWEEP).await;
        assert_eq!(buckets.take(&0), None);
        assert_eq!(buckets.limiter.len(), 1, "what is full is as good as new");
    }

    #[test]
    fn addresses_of_one_network_share_a_bucket() {
        let of = |text: &str| bucket(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:1.2.3.4"), "1.2.3.4");
        assert_eq!(of("1.2.3.4"), "1.2.3.4");
        assert!(
            serde_json::from_str::<RateConfig>(r#"{"trusted_proxies": ["10.0.0.0/33"]}"#).is_err()
        );
    }
}
