//! What is to be invalidated in a Redis that is away. It is bounded: when it is too much, Redis is not read until
//! all that it could still hold has died.

use crate::{Key, Tag};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio::time::Instant;
use value::Id;

/// Tags and keys that are remembered at most.
const MOST: usize = 100_000;
/// Tags, and keys, that go with one call.
const AT_ONCE: usize = 500;

/// Part of what is to be done: a tenant's tags and keys.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) tenant: Id,
    pub(super) tags: Vec<Tag>,
    pub(super) keys: Vec<Key>,
    /// What was added up to here is done with this part; what is added again later is not.
    number: u64,
}

/// Tags and keys, each with the number of when it was added last.
#[derive(Debug, Default)]
pub(super) struct Pending {
    tags: BTreeMap<Id, BTreeMap<Tag, u64>>,
    keys: BTreeMap<Id, HashMap<Key, u64>>,
    many: usize,
    number: u64,
    /// It was too much, at this time.
    overflow: Option<Instant>,
}

impl Pending {
    pub(super) fn add_tags(&mut self, tenant: Id, tags: &[Tag]) {
        for tag in tags {
            if self.has_room() {
                self.number += 1;
                let of_tenant = self.tags.entry(tenant).or_default();
                self.many += usize::from(of_tenant.insert(tag.clone(), self.number).is_none());
            }
        }
    }

    pub(super) fn add_key(&mut self, key: Key) {
        if self.has_room() {
            self.number += 1;
            let of_tenant = self.keys.entry(key.tenant()).or_default();
            self.many += usize::from(of_tenant.insert(key, self.number).is_none());
        }
    }

    fn has_room(&mut self) -> bool {
        if self.many >= MOST || self.overflow.is_some() {
            self.overflow = Some(Instant::now());
            self.tags.clear();
            self.keys.clear();
            self.many = 0;
        }
        self.overflow.is_none()
    }

    /// What is to be done next; nothing if all is done, an error if it is not known what would have to be.
    pub(super) fn next(&mut self, longest: Duration) -> Option<Result<Part, ()>> {
        if let Some(since) = self.overflow {
            if since.elapsed() <= longest {
                return Some(Err(()));
            }
            self.overflow = None;
        }
        let tenant = self.tags.keys().chain(self.keys.keys()).next().copied()?;
        let tags = self.tags.get(&tenant).into_iter().flat_map(BTreeMap::keys);
        let keys = self.keys.get(&tenant).into_iter().flat_map(HashMap::keys);
        Some(Ok(Part {
            tenant,
            tags: tags.take(AT_ONCE).cloned().collect(),
            keys: keys.take(AT_ONCE).cloned().collect(),
            number: self.number,
        }))
    }

    /// A part is done.
    pub(super) fn done(&mut self, part: &Part) {
        if let Some(left) = self.tags.get_mut(&part.tenant) {
            for tag in &part.tags {
                if left.get(tag).is_some_and(|number| *number <= part.number) {
                    left.remove(tag);
                    self.many -= 1;
                }
            }
            if left.is_empty() {
                self.tags.remove(&part.tenant);
            }
        }
        if let Some(left) = self.keys.get_mut(&part.tenant) {
            for key in &part.keys {
                if left.get(key).is_some_and(|number| *number <= part.number) {
                    left.remove(key);
                    self.many -= 1;
                }
            }
            if left.is_empty() {
                self.keys.remove(&part.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everything_is_done_in_parts() {
        let (mut pending, tenant) = (Pending::default(), Id::new());
        let tags: Vec<Tag> = (0..1200).map(|n| Tag::new(n.to_string())).collect();
        pending.add_tags(tenant, &tags);
        pending.add_tags(tenant, &tags[..7]);
        pending.add_key(Key::new(Id::NIL, "k"));
        let (mut parts, mut done) = (0, BTreeSet::new());
        while let Some(part) = pending.next(Duration::MAX) {
            let part = part.unwrap();
            assert!(part.tags.len() <= AT_ONCE && !(part.tags.is_empty() && part.keys.is_empty()));
            pending.done(&part);
            done.extend(part.tags);
            parts += 1;
        }
        assert_eq!((done.len(), parts, pending.many), (1200, 4, 0));
    }

    #[test]
    fn what_comes_again_while_it_is_done_is_done_again() {
        let mut pending = Pending::default();
        pending.add_tags(Id::NIL, &["a".into(), "b".into()]);
        let part = pending.next(Duration::MAX).unwrap().unwrap();
        pending.add_tags(Id::NIL, &["a".into()]);
        pending.done(&part);
        let part = pending.next(Duration::MAX).unwrap().unwrap();
        assert_eq!(part.tags, ["a".into()]);
        pending.done(&part);
        assert_eq!(pending.next(Duration::MAX), None);
    }

    #[test]
    fn too_much_closes_until_all_has_died() {
        let mut pending = Pending::default();
        let tags: Vec<Tag> = (0..=MOST).map(|n| Tag::new(n.to_string())).collect();
        pending.add_tags(Id::NIL, &tags);
        assert_eq!(pending.next(Duration::from_secs(60)), Some(Err(())));
        assert_eq!(pending.next(Duration::ZERO), None);
    }
}
