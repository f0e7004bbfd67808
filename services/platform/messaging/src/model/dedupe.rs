//! Ids of messages that were published lately, so that one published again is not there twice.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use value::{Id, Time};

/// What names a message among all tenants'.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// An id of ours; by far the most.
    Ours(Id, Id),
    /// Any other.
    Text(Id, Box<str>),
}

impl Key {
    /// That of an id within a tenant.
    pub(crate) fn new(tenant: Id, id: &str) -> Self {
        match id.parse() {
            Ok(id) => Self::Ours(tenant, id),
            Err(_) => Self::Text(tenant, id.into()),
        }
    }
}

/// What is known of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It is published at this position.
    At(u64),
    /// It is on its way into the log.
    Underway,
}

/// The ids of a window of time.
#[derive(Debug)]
pub(crate) struct Window {
    span: Duration,
    most: usize,
    known: HashMap<Key, Known>,
    by_time: VecDeque<(Time, Key)>,
}

impl Window {
    /// Remembers ids for so long, and so many at most.
    pub(crate) fn new(span: Duration, most: usize) -> Self {
        Self {
            span,
            most,
            known: HashMap::new(),
            by_time: VecDeque::new(),
        }
    }

    /// What is known of an id.
    pub(crate) fn get(&self, key: &Key) -> Option<Known> {
        self.known.get(key).copied()
    }

    /// The message is on its way.
    pub(crate) fn begin(&mut self, key: Key) {
        self.known.insert(key, Known::Underway);
    }

    /// The message did not arrive.
    pub(crate) fn give_up(&mut self, key: &Key) {
        if self.known.get(key) == Some(&Known::Underway) {
            self.known.remove(key);
        }
    }

    /// The message is there.
    pub(crate) fn arrived(&mut self, key: Key, position: u64, now: Time) {
        self.known.insert(key.clone(), Known::At(position));
        self.by_time.push_back((now, key));
        while self.by_time.len() > self.most {
            self.forget_oldest();
        }
        self.forget(now);
    }

    /// Forgets what is older than the window.
    pub(crate) fn forget(&mut self, now: Time) {
        let limit = now - self.span;
        while self.by_time.front().is_some_and(|(time, _)| *time < limit) {
            self.forget_oldest();
        }
    }

    /// Ids remembered.
    pub(crate) fn len(&self) -> usize {
        self.by_time.len()
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.by_time.pop_front()
            && matches!(self.known.get(&key), Some(Known::At(_)))
        {
            self.known.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_known_for_the_window_and_by_tenant() {
        let mut window = Window::new(Duration::from_secs(60), 3);
        let at = |second: i64| Time::from_micros(second * 1_000_000);
        let (one, two) = (Id::new(), Id::new());
        let key = Key::new(one, "m1");
        window.begin(key.clone());
        assert_eq!(window.get(&key), Some(Known::Underway));
        window.arrived(key.clone(), 7, at(0));
        assert_eq!(window.get(&key), Some(Known::At(7)));
        assert_eq!(window.get(&Key::new(two, "m1")), None);
        window.forget(at(60));
        assert_eq!(window.len(), 1);
        window.forget(at(61));
        assert_eq!((window.get(&key), window.len()), (None, 0));

        window.begin(key.clone());
        window.give_up(&key);
        assert_eq!(window.get(&key), None);

        for number in 0..5 {
            window.arrived(Key::new(one, &format!("n{number}")), number, at(70));
        }
        assert_eq!(window.len(), 3);
        assert_eq!(window.get(&Key::new(one, "n1")), None);
        assert_eq!(window.get(&Key::new(one, "n4")), Some(Known::At(4)));
        assert_eq!(Key::new(one, &two.to_string()), Key::Ours(one, two));
    }
}
