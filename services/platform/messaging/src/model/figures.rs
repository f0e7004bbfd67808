//! Topics by what was published to them.

use std::collections::{BTreeMap, HashMap};

use value::{Id, Time};

/// What is known of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    /// Messages so far.
    pub(crate) messages: i64,
    /// Bytes of them.
    pub(crate) bytes: i64,
    /// When the first came.
    pub(crate) first_at: Time,
    /// When the last came.
    pub(crate) last_at: Time,
    /// Where the last is.
    pub(crate) last_position: i64,
}

/// Topics of all tenants.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    topics: BTreeMap<(Id, String), (Topic, bool)>,
    /// How many topics each tenant has.
    tenants: HashMap<Id, usize>,
    /// What lies before is counted.
    pub(crate) counted: u64,
}

impl Figures {
    /// Goes on from what was kept.
    pub(crate) fn restore(
        counted: u64,
        topics: impl IntoIterator<Item = (Id, String, Topic)>,
    ) -> Self {
        let topics = topics
            .into_iter()
            .map(|(tenant, name, topic)| ((tenant, name), (topic, false)));
        let topics: BTreeMap<_, _> = topics.collect();
        let mut tenants = HashMap::new();
        for (tenant, _) in topics.keys() {
            *tenants.entry(*tenant).or_default() += 1;
        }
        Self {
            topics,
            tenants,
            counted,
        }
    }

    /// Counts a message.
    pub(crate) fn count(
        &mut self,
        tenant: Id,
        name: &str,
        position: u64,
        time: Time,
        bytes: usize,
    ) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        let tenants = &mut self.tenants;
        let fresh = || {
            *tenants.entry(tenant).or_default() += 1;
            let topic = Topic {
                messages: 0,
                bytes: 0,
                first_at: time,
                last_at: time,
                last_position: 0,
            };
            (topic, true)
        };
        let key = (tenant, name.to_owned());
        let (topic, changed) = self.topics.entry(key).or_insert_with(fresh);
        topic.messages += 1;
        topic.bytes = topic.bytes.saturating_add(bytes);
        topic.last_at = time;
        topic.last_position = position;
        *changed = true;
    }

    /// Whether a tenant has so many topics that another one is too many.
    pub(crate) fn is_full(&self, tenant: Id, name: &str, most: usize) -> bool {
        let count = self.tenants.get(&tenant).copied().unwrap_or(0);
        count >= most && self.get(tenant, name).is_none()
    }

    /// One topic.
    pub(crate) fn get(&self, tenant: Id, name: &str) -> Option<&Topic> {
        self.topics
            .get(&(tenant, name.to_owned()))
            .map(|(topic, _)| topic)
    }

    /// A tenant's topics by name, behind `after`.
    pub(crate) fn list<'a>(
        &'a self,
        tenant: Id,
        prefix: &'a str,
        after: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Topic)> {
        let from = (tenant, prefix.max(after).to_owned());
        let after = after.to_owned();
        self.topics
            .range(from..)
            .take_while(move |((of, name), _)| *of == tenant && name.starts_with(prefix))
            .filter(move |((_, name), _)| *name > after)
            .map(|((_, name), (topic, _))| (name.as_str(), topic))
    }

    /// What changed since it was last asked.
    pub(crate) fn take_changed(&mut self) -> Vec<(Id, String, Topic)> {
        let changed = self.topics.iter_mut().filter(|(_, (_, changed))| *changed);
        changed
            .map(|((tenant, name), (topic, changed))| {
                *changed = false;
                (*tenant, name.clone(), topic.clone())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_counted_by_tenant_and_listed_by_name() {
        let (one, two) = (Id::new(), Id::new());
        let mut figures = Figures::default();
        let at = Time::from_micros;
        for (position, tenant, name) in [
            (1, one, "a.b"),
            (2, one, "a.a"),
            (3, two, "a.a"),
            (4, one, "a.b"),
            (5, one, "b"),
        ] {
            figures.count(tenant, name, position, at(position.cast_signed()), 10);
        }
        let names = |prefix: &'static str, after: &'static str| {
            figures
                .list(one, prefix, after)
                .map(|(name, _)| name.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("", ""), ["a.a", "a.b", "b"]);
        assert_eq!(names("a.", ""), ["a.a", "a.b"]);
        assert_eq!(names("a.", "a.a"), ["a.b"]);
        let topic = figures.get(one, "a.b").unwrap();
        assert_eq!(
            (topic.messages, topic.bytes, topic.last_position),
            (2, 20, 4)
        );
        assert!(figures.is_full(one, "new", 3) && !figures.is_full(one, "new", 4));
        assert!(!figures.is_full(one, "b", 3) && !figures.is_full(two, "new", 3));
        assert_eq!(figures.take_changed().len(), 4);
        assert!(figures.take_changed().is_empty());
    }
}
