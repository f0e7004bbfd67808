//! What is known of where one service is, and which of it counts.

use crate::Inbound;
use std::collections::BTreeMap;
use value::Time;

/// Where a service may be, by how we know.
#[derive(Default)]
pub(super) struct Places {
    pub(super) local: Option<Inbound>,
    pub(super) configured: Vec<String>,
    discovered: BTreeMap<String, Time>,
    /// What others know; it counts like what was discovered, and is not told further.
    heard: BTreeMap<String, Time>,
    overrides: BTreeMap<String, Time>,
    /// What calls go to now, to change channels only when it changes.
    current: Option<Current>,
}

#[derive(PartialEq, Eq)]
enum Current {
    Nowhere,
    Here,
    At(Vec<String>),
}

/// Where calls go.
pub(super) enum Place {
    Nowhere,
    Here(Inbound),
    At(Vec<String>),
}

impl Places {
    /// Takes an offer; true if it counts for something.
    pub(super) fn offer(&mut self, address: &str, until: Time, may_override: bool) -> bool {
        if may_override {
            self.overrides.insert(address.to_owned(), until);
            return true;
        }
        self.discover(address, until);
        self.local.is_none() && self.configured.is_empty()
    }

    pub(super) fn discover(&mut self, address: &str, until: Time) {
        self.discovered.insert(address.to_owned(), until);
    }

    pub(super) fn hear(&mut self, address: &str, until: Time) {
        self.heard.insert(address.to_owned(), until);
    }

    /// Where processes say themselves that they serve it.
    pub(super) fn said(&self) -> Vec<String> {
        self.discovered.keys().cloned().collect()
    }

    /// Forgets offers whose lease has ended.
    pub(super) fn forget(&mut self, now: Time) {
        self.discovered.retain(|_, until| *until > now);
        self.heard.retain(|_, until| *until > now);
        self.overrides.retain(|_, until| *until > now);
    }

    /// Forgets who took the service over and does not answer any more; it may offer itself again.
    pub(super) fn forget_failing(&mut self, fails: impl Fn(&str) -> bool) {
        self.overrides.retain(|address, _| !fails(address));
    }

    /// Where calls go from now on, if that changed: to whoever took the service over, else here (or to
    /// our own socket), else where configured, else where a peer said.
    pub(super) fn best(&mut self, own_socket: Option<&str>) -> Option<Place> {
        let addresses =
            |places: &BTreeMap<String, Time>| places.keys().cloned().collect::<Vec<_>>();
        let best = match (&self.local, own_socket) {
            _ if !self.overrides.is_empty() => Current::At(addresses(&self.overrides)),
            (Some(_), Some(own)) => Current::At(vec![own.to_owned()]),
            (Some(_), None) => Current::Here,
            _ if !self.configured.is_empty() => Current::At(self.configured.clone()),
            _ if !(self.discovered.is_empty() && self.heard.is_empty()) => {
                let mut all = self.discovered.clone();
                all.extend(self.heard.clone());
                Current::At(addresses(&all))
            }
            _ => Current::Nowhere,
        };
        if self.current.as_ref() == Some(&best) {
            return None;
        }
        let place = match (&best, &self.local) {
            (Current::At(addresses), _) => Place::At(addresses.clone()),
            (Current::Here, Some(local)) => Place::Here(local.clone()),
            _ => Place::Nowhere,
        };
        self.current = Some(best);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Time {
        Time::from_micros(0) + Duration::from_secs(seconds)
    }

    fn addresses(place: Option<Place>) -> Vec<String> {
        match place {
            Some(Place::At(addresses)) => addresses,
            Some(Place::Here(_)) => vec!["here".into()],
            Some(Place::Nowhere) => vec![],
            None => vec!["unchanged".into()],
        }
    }

    #[test]
    fn the_better_known_place_wins_and_leases_end() {
        let mut places = Places::default();
        assert!(addresses(places.best(None)).is_empty());
        places.discover("b:1", at(10));
        assert_eq!(addresses(places.best(None)), ["b:1"]);
        assert_eq!(addresses(places.best(None)), ["unchanged"]);
        places.configured = vec!["c:1".into()];
        assert_eq!(addresses(places.best(None)), ["c:1"]);
        assert!(!places.offer("d:1", at(10), false));
        assert_eq!(addresses(places.best(None)), ["unchanged"]);
        assert!(places.offer("d:1", at(10), true));
        assert_eq!(addresses(places.best(None)), ["d:1"]);
        places.forget(at(10));
        assert_eq!(addresses(places.best(None)), ["c:1"]);
        places.configured.clear();
        assert!(addresses(places.best(None)).is_empty());
    }

    #[test]
    fn what_was_heard_counts_and_is_not_told_further() {
        let mut places = Places::default();
        places.hear("b:1", at(10));
        assert_eq!(addresses(places.best(None)), ["b:1"]);
        assert!(places.said().is_empty());
        places.discover("c:1", at(20));
        places.discover("b:1", at(5));
        assert_eq!(addresses(places.best(None)), ["b:1", "c:1"]);
        assert_eq!(places.said(), ["b:1", "c:1"]);
        places.forget(at(10));
        assert_eq!(addresses(places.best(None)), ["c:1"]);
    }
}
