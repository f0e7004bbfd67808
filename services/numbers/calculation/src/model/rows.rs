//! States from several sources into the rows of an answer: merged by period and group, filled up where nothing was, and evaluated.

use formula::{Missing, Plan, Refusal, State, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What a row is of: the index of its period, and the values of the dimensions, none for null.
pub(crate) type Group = (usize, Vec<Option<String>>);

/// A row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) period: usize,
    pub(crate) dimensions: Vec<Option<String>>,
    pub(crate) value: Value,
    /// What it was made of, in the order of the plan's measures.
    pub(crate) states: Vec<State>,
}

/// Why there are no rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unmerged {
    /// There are more than allowed.
    TooMany,
    /// Of this group there is no exact answer.
    Refused(Group, Refusal),
}

/// States by group.
#[derive(Debug)]
pub(crate) struct Merge<'a> {
    plan: &'a Plan,
    most: usize,
    groups: BTreeMap<Group, Vec<State>>,
}

impl<'a> Merge<'a> {
    /// No states yet; at most `most` rows.
    pub(crate) const fn new(plan: &'a Plan, most: usize) -> Self {
        Self {
            plan,
            most,
            groups: BTreeMap::new(),
        }
    }

    /// Merges states of a group: those of `measures`, by index into the plan's, in order.
    pub(crate) fn add(
        &mut self,
        group: Group,
        measures: &[usize],
        states: Vec<State>,
    ) -> Result<(), Unmerged> {
        let refused = |group: Group| move |refusal| Unmerged::Refused(group, refusal);
        let fits = measures.len() == states.len()
            && measures.iter().zip(&states).all(|(index, state)| {
                let measure = self.plan.measures.get(*index);
                measure.is_some_and(|measure| state.fits(measure))
            });
        if !fits {
            return Err(Unmerged::Refused(group, Refusal::BadState));
        }
        if self.groups.len() >= self.most && !self.groups.contains_key(&group) {
            return Err(Unmerged::TooMany);
        }
        let plan = self.plan;
        let known = self
            .groups
            .entry(group.clone())
            .or_insert_with(|| plan.empty());
        for (index, state) in measures.iter().zip(states) {
            let before = std::mem::replace(&mut known[*index], State::Count(0));
            known[*index] = before.merge(state).map_err(refused(group.clone()))?;
        }
        Ok(())
    }

    /// Takes the values of periods in which nothing can be compared: one snapshot stands for both of their ends.
    pub(crate) fn without(mut rows: Vec<Row>, periods: &BTreeSet<usize>) -> Vec<Row> {
        for row in &mut rows {
            if periods.contains(&row.period) {
                row.value = Value::Null(Missing::NoRows);
            }
        }
        rows
    }

    /// The rows by period and group. A series has a row for each of `periods` and each group that is anywhere; without dimensions there
    /// is one group, also where no row was.
    pub(crate) fn rows(mut self, periods: usize, dimensions: usize) -> Result<Vec<Row>, Unmerged> {
        let mut groups: Vec<_> = self.groups.keys().map(|(_, group)| group.clone()).collect();
        groups.sort_unstable();
        groups.dedup();
        if dimensions == 0 && groups.is_empty() {
            groups.push(Vec::new());
        }
        let total = groups.len().checked_mul(periods);
        if total.is_none_or(|total| total > self.most) {
            return Err(Unmerged::TooMany);
        }
        let mut rows = Vec::with_capacity(groups.len() * periods);
        for period in 0..periods {
            for dimensions in &groups {
                let group = (period, dimensions.clone());
                let states = self
                    .groups
                    .remove(&group)
                    .unwrap_or_else(|| self.plan.empty());
                let value = match self.plan.evaluate(&states) {
                    Ok(value) => value,
                    Err(refusal) => return Err(Unmerged::Refused(group, refusal)),
                };
                let (period, dimensions) = group;
                rows.push(Row {
                    period,
                    dimensions,
                    value,
                    states,
                });
            }
        }
        match self.groups.pop_first() {
            // A period that was not asked for.
            Some((group, _)) => Err(Unmerged::Refused(group, Refusal::BadState)),
            None => Ok(rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formula::{Attribute, DataType, Definition, Entity, EntityKind, Ontology};
    use proptest::prelude::*;

    fn plan(formula: &str) -> Plan {
        let entity = |code: &str| Entity {
            code: code.to_owned(),
            kind: EntityKind::Event,
            attributes: vec![Attribute::new("amount", DataType::Integer)],
            schema: None,
            table: code.to_owned(),
            row_id: "_id".to_owned(),
        };
        let ontology = Ontology::new([entity("a"), entity("b")]);
        let none = BTreeMap::<String, Definition>::new();
        formula::plan(&ontology, &none, &Definition::new(formula)).unwrap()
    }

    fn group(name: &str) -> Vec<Option<String>> {
        vec![Some(name.to_owned())]
    }

    #[test]
    fn series_are_filled_up_and_totals_are_always_there() {
        let plan = plan("sum(a.amount) / count(b)");
        let mut merge = Merge::new(&plan, 100);
        merge
            .add((1, group("x")), &[0], vec![State::Sum(Some(6))])
            .unwrap();
        merge
            .add((1, group("x")), &[1], vec![State::Count(4)])
            .unwrap();
        merge
            .add((0, group("y")), &[1], vec![State::Count(2)])
            .unwrap();
        let rows = merge.rows(2, 1).unwrap();
        let shown: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.period,
                    row.dimensions[0].clone().unwrap(),
                    row.value.to_string(),
                )
            })
            .collect();
        let row = |period, name: &str, value: &str| (period, name.to_owned(), value.to_owned());
        assert_eq!(
            shown,
            [
                row(0, "x", "null"),
                row(0, "y", "null"),
                row(1, "x", "1.5"),
                row(1, "y", "null")
            ]
        );
        let rows = Merge::new(&plan, 100).rows(3, 0).unwrap();
        assert_eq!(rows.len(), 3);
        assert!(Merge::new(&plan, 100).rows(3, 1).unwrap().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let plan = plan("sum(a.amount)");
        let mut merge = Merge::new(&plan, 2);
        let bad = Err(Unmerged::Refused((0, Vec::new()), Refusal::BadState));
        assert_eq!(merge.add((0, Vec::new()), &[0], vec![State::Count(1)]), bad);
        assert_eq!(
            merge.add((0, Vec::new()), &[0, 1], vec![State::Sum(None)]),
            bad
        );
        assert_eq!(
            merge.add((0, Vec::new()), &[7], vec![State::Sum(None)]),
            bad
        );
        merge
            .add((0, group("x")), &[0], vec![State::Sum(Some(i128::MAX))])
            .unwrap();
        merge
            .add((0, group("y")), &[0], vec![State::Sum(None)])
            .unwrap();
        let third = merge.add((0, group("z")), &[0], vec![State::Sum(None)]);
        assert_eq!(third, Err(Unmerged::TooMany));
        let overflow = merge.add((0, group("x")), &[0], vec![State::Sum(Some(1))]);
        assert_eq!(
            overflow,
            Err(Unmerged::Refused((0, group("x")), Refusal::Overflow))
        );
        let mut merge = Merge::new(&plan, 2);
        merge
            .add((5, Vec::new()), &[0], vec![State::Sum(None)])
            .unwrap();
        assert_eq!(
            merge.rows(2, 0),
            Err(Unmerged::Refused((5, Vec::new()), Refusal::BadState))
        );
        assert_eq!(Merge::new(&plan, 2).rows(3, 0), Err(Unmerged::TooMany));
    }

    proptest! {
        /// However rows are spread over sources, and in whichever order their states come, the answer is that over all rows.
        #[test]
        fn parts_merge_to_the_whole(rows in proptest::collection::vec((0..3_usize, 0..3_usize, -50..50_i128), 0..40), sources in 1..4_usize) {
            let plan = plan("sum(a.amount) + 0 * count(a) + variance_pop(a.amount) * 0 + max(a.amount)");
            let mut merge = Merge::new(&plan, 100);
            let indices: Vec<_> = (0..plan.measures.len()).collect();
            let state = |measure: &formula::Measure, x: i128| match measure.aggregate {
                formula::Aggregate::Sum => State::Sum(Some(x)),
                formula::Aggregate::Count => State::Count(1),
                formula::Aggregate::Moments => State::Moments(1, x, x * x),
                _ => State::Max(Value::Number(formula::Exact::whole(x))),
            };
            for source in 0..sources {
                for (at, (period, name, x)) in rows.iter().enumerate() {
                    if at % sources == source {
                        let states = plan.measures.iter().map(|measure| state(measure, *x)).collect();
                        merge.add((*period, group(&name.to_string())), &indices, states).unwrap();
                    }
                }
            }
            for row in merge.rows(3, 1).unwrap() {
                let own = rows.iter().filter(|(period, name, _)| (*period, &group(&name.to_string())) == (row.period, &row.dimensions));
                let own: Vec<_> = own.map(|(_, _, x)| *x).collect();
                let expected = own.iter().max().map(|most| own.iter().sum::<i128>() + most);
                prop_assert_eq!(row.value.to_string(), expected.map_or("null".to_owned(), |x| x.to_string()));
            }
        }
    }
}
