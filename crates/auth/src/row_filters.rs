//! Which rows a caller may see: conditions on entities, in the metric language.
//!
//! Filters narrow. What several filters say about one entity is OR-ed; an entity that no filter speaks
//! of is unfiltered. Nothing here reads a condition: who uses it types it against the ontology.

use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, LazyLock},
};

/// A condition on an entity, with the digest of both; made once and shared by all whom it concerns.
#[derive(Clone, PartialEq, Eq)]
pub struct RowFilter {
    entity: Arc<str>,
    condition: Arc<str>,
    digest: [u8; 32],
}

impl RowFilter {
    /// The filter that shows of `entity` the rows for which `condition` holds.
    pub fn new(entity: &str, condition: &str) -> Self {
        let mut digest = Sha256::new();
        // The length keeps apart what would read the same when put together.
        digest.update((entity.len() as u64).to_be_bytes());
        digest.update(entity);
        digest.update(condition);
        Self {
            entity: entity.into(),
            condition: condition.into(),
            digest: digest.finalize().into(),
        }
    }

    /// Code of the entity.
    pub fn entity(&self) -> &str {
        &self.entity
    }

    /// The condition, in the metric language.
    pub fn condition(&self) -> &str {
        &self.condition
    }
}

// A condition may name people or places; a log gets the entity alone.
impl fmt::Debug for RowFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowFilter")
            .field("entity", &self.entity)
            .finish_non_exhaustive()
    }
}

/// All filters of one caller.
#[derive(Clone, PartialEq, Eq)]
pub struct RowFilters {
    by_entity: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    hash: [u8; 32],
}

impl RowFilters {
    /// The filters together; order and repetition do not matter.
    pub fn new<'a>(filters: impl IntoIterator<Item = &'a RowFilter>) -> Self {
        let mut filters: Vec<&RowFilter> = filters.into_iter().collect();
        filters.sort_by(|a, b| (&a.entity, &a.condition).cmp(&(&b.entity, &b.condition)));
        filters.dedup();
        let mut by_entity = BTreeMap::<_, Vec<_>>::new();
        let mut hash = Sha256::new();
        for filter in filters {
            hash.update(filter.digest);
            let conditions = by_entity.entry(Arc::clone(&filter.entity)).or_default();
            conditions.push(Arc::clone(&filter.condition));
        }
        Self {
            by_entity,
            hash: hash.finalize().into(),
        }
    }

    /// No filters: every row of the tenant may be seen.
    pub fn none() -> Arc<Self> {
        static NONE: LazyLock<Arc<RowFilters>> = LazyLock::new(|| Arc::new(RowFilters::new([])));
        Arc::clone(&NONE)
    }

    /// The conditions on an entity, of which at least one must hold for a row to be seen; sorted, never
    /// empty. `None` is unfiltered.
    pub fn of(&self, entity: &str) -> Option<&[Arc<str>]> {
        self.by_entity.get(entity).map(Vec::as_slice)
    }

    /// Whether every row may be seen.
    pub fn is_empty(&self) -> bool {
        self.by_entity.is_empty()
    }

    /// The filtered entities with their conditions, by code.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Arc<str>])> {
        self.by_entity
            .iter()
            .map(|(entity, conditions)| (&**entity, conditions.as_slice()))
    }

    /// A hash (SHA-256) over all filters, for keys of caches: the same in every process and release for
    /// the same filters, however they came together.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }
}

impl Default for RowFilters {
    fn default() -> Self {
        Self::new([])
    }
}

impl fmt::Debug for RowFilters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_entity.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filters(of: &[(&str, &str)]) -> RowFilters {
        let filters: Vec<_> = of.iter().map(|(e, c)| RowFilter::new(e, c)).collect();
        RowFilters::new(&filters)
    }

    #[test]
    fn conditions_are_by_entity_and_the_rest_is_unfiltered() {
        let some = filters(&[
            ("policy", "region = 'South'"),
            ("claim", "amount < 10"),
            ("policy", "region = 'North'"),
            ("policy", "region = 'South'"),
        ]);
        let policy = some.of("policy").expect("filtered");
        let policy: Vec<&str> = policy.iter().map(|text| &**text).collect();
        assert_eq!(policy, ["region = 'North'", "region = 'South'"]);
        assert_eq!(some.of("claim").map(<[_]>::len), Some(1));
        assert!(some.of("broker").is_none());
        assert!(!some.is_empty());
        assert_eq!(some.iter().count(), 2);
        assert!(RowFilters::none().is_empty());
        assert_eq!(*RowFilters::none(), RowFilters::default());
        assert!(!format!("{some:?}").contains("North"));
    }

    #[test]
    fn the_hash_tells_filters_apart() {
        let all = [
            filters(&[]),
            filters(&[("a", "b")]),
            filters(&[("ab", "")]),
            filters(&[("a", "b"), ("a", "c")]),
            filters(&[("a", "b"), ("b", "c")]),
            filters(&[("a", "c")]),
        ];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(one.hash(), other.hash(), "{one:?} {other:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn order_and_repetition_do_not_matter(
            mut of in prop::collection::vec(("[ab]{1,2}", "[abc]{0,2}"), 0..6),
            twice in any::<prop::sample::Index>(),
        ) {
            let refs = |of: &[(String, String)]| {
                let of: Vec<_> = of.iter().map(|(e, c)| (e.as_str(), c.as_str())).collect();
                filters(&of)
            };
            let first = refs(&of);
            if !of.is_empty() {
                of.push(of[twice.index(of.len())].clone());
            }
            of.reverse();
            let again = refs(&of);
            prop_assert_eq!(first.hash(), again.hash());
            prop_assert_eq!(first, again);
        }
    }
}
