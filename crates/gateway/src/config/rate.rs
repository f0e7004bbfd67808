//! How many requests a client of the edge may make.

use std::net::{IpAddr, Ipv6Addr};

use config::{Problems, Validate};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Requests a client may make; more are answered 429 with the time to wait. Pages of the edge itself, and health,
/// are not counted. Each process counts for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateConfig {
    /// Whether requests are counted at all.
    pub enabled: bool,
    /// For each user and service principal, over all their tokens.
    pub principal: Rate,
    /// For each address from which calls come without a good token; the first 64 bits of an IPv6 address.
    pub address: Rate,
    /// Addresses and networks of proxies whose `x-forwarded-for` says who asked, such as `10.0.0.0/8`.
    pub trusted_proxies: Vec<Network>,
}

/// A steady rate, and how much may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests per second in the long run.
    pub per_second: u32,
    /// Requests that may come at once after a pause.
    pub burst: u32,
}

/// An address, or a network of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        match text.parse::<IpNet>().or_else(|_| address()) {
            Ok(net) => Ok(Self(net)),
            Err(_) => Err(format!(
                "{text:?} is no address and no network such as 10.0.0.0/8"
            )),
        }
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0.to_string()
    }
}

impl Default for RateConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            principal: Rate {
                per_second: 500,
                burst: 2000,
            },
            address: Rate {
                per_second: 100,
                burst: 500,
            },
            trusted_proxies: Vec::new(),
        }
    }
}

impl RateConfig {
    /// Whether a proxy at this address is believed.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|network| network.0.contains(&address))
    }
}

/// An address as it is compared: IPv4 as such, however it came.
pub(crate) fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Whose bucket an address is: networks give out IPv6 addresses by 64 bits.
pub(crate) fn bucket(address: IpAddr) -> IpAddr {
    match canonical(address) {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

impl Validate for RateConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.within("principal", &self.principal);
        problems.within("address", &self.address);
    }
}

impl Validate for Rate {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            (1..=1_000_000).contains(&self.per_second),
            "per_second",
            "must be 1 to 1000000",
        );
        problems.check(
            (1..=10_000_000).contains(&self.burst),
            "burst",
            "must be 1 to 10000000",
        );
    }
}
