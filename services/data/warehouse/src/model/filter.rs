//! Conditions on rows: the filters of a request, its text, and what the caller may see at all, each typed against the table.
//!
//! Whatever a caller writes becomes a typed tree here; SQL is made of the tree alone, and values are parameters.

use error::{Error, Violation};
use formula::{Binary, Entity, Expr, Node, Ontology, Operand, Operator, Span, Typed};
use std::sync::Arc;

/// A condition on one attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter {
    pub(crate) attribute: String,
    pub(crate) operator: Operator,
    pub(crate) values: Vec<Operand>,
}

/// The one entity that conditions are typed against.
pub(crate) struct Conditions<'a> {
    entity: &'a Entity,
    ontology: Ontology,
}

impl<'a> Conditions<'a> {
    /// Conditions on rows of `entity`.
    pub(crate) fn on(entity: &'a Entity) -> Self {
        Self {
            entity,
            ontology: Ontology::new([entity.clone()]),
        }
    }

    /// The ontology of the entity alone.
    pub(crate) const fn ontology(&self) -> &Ontology {
        &self.ontology
    }

    /// The condition that a text of the metric language is; none where it is empty.
    pub(crate) fn text(&self, field: &str, text: &str) -> Result<Option<Typed>, Vec<Violation>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        formula::condition(&self.ontology, &self.entity.code, text)
            .map(Some)
            .map_err(|problems| problems.violations(field))
    }

    /// The conditions that `filters` are, which all hold.
    pub(crate) fn filters(
        &self,
        field: &str,
        filters: &[Filter],
    ) -> Result<Vec<Typed>, Vec<Violation>> {
        let (mut typed, mut violations) = (Vec::new(), Vec::new());
        for (index, filter) in filters.iter().enumerate() {
            let at = format!("{field}[{index}]");
            match self.filter(&at, filter) {
                Ok(condition) => typed.push(condition),
                Err(found) => violations.extend(found),
            }
        }
        if violations.is_empty() {
            Ok(typed)
        } else {
            Err(violations)
        }
    }

    fn filter(&self, at: &str, filter: &Filter) -> Result<Typed, Vec<Violation>> {
        let Filter {
            attribute,
            operator,
            values,
        } = filter;
        let expr =
            formula::filter(self.entity, attribute, *operator, values).map_err(|problem| {
                let field = match problem.value {
                    Some(value) => format!("{at}.values[{value}]"),
                    None if problem.reason == "UNKNOWN_ATTRIBUTE" => format!("{at}.attribute"),
                    None if problem.reason == "WRONG_COUNT" => format!("{at}.values"),
                    None => format!("{at}.operator"),
                };
                vec![Violation::new(field, problem.reason, problem.message)]
            })?;
        // What is left is about the attribute's type, such as more digits than 64 bits hold.
        formula::condition_of(&self.ontology, &self.entity.code, &expr)
            .map_err(|problems| problems.violations(&format!("{at}.attribute")))
    }

    /// The rows that a caller with these row filters may see: at least one of them holds.
    ///
    /// # Errors
    /// `ROW_FILTER_INVALID` where one does not fit the entity (any more): nothing is shown then.
    pub(crate) fn visible(&self, filters: Option<&[Arc<str>]>) -> Result<Option<Typed>, Error> {
        let Some(filters) = filters else {
            return Ok(None);
        };
        let refused = |why: String| {
            Error::new(
                &crate::reasons::ROW_FILTER_INVALID,
                format!(
                    "a row filter on `{}` does not fit the entity, so that none of its rows can be shown: {why}",
                    self.entity.code
                ),
            )
            .with_metadata("entity", &self.entity.code)
        };
        let read = |text: &Arc<str>| formula::parse(text);
        let parsed = filters.iter().map(read).collect::<Result<Vec<_>, _>>();
        let parsed = parsed.map_err(|problems| refused(problems.to_string()))?;
        let Some(any) = any_of(parsed) else {
            // Filters that say nothing show nothing.
            return Err(refused("it is empty".to_owned()));
        };
        formula::condition_of(&self.ontology, &self.entity.code, &any)
            .map(Some)
            .map_err(|problems| refused(problems.to_string()))
    }
}

/// A condition of which at least one of these holds, as a tree that is no higher than it must be.
fn any_of(mut conditions: Vec<Expr>) -> Option<Expr> {
    while conditions.len() > 1 {
        let mut pairs = conditions.into_iter();
        conditions = std::iter::from_fn(|| {
            let first = pairs.next()?;
            Some(match pairs.next() {
                Some(second) => {
                    let or = Node::Binary(Binary::Or, Box::new(first), Box::new(second));
                    Expr::new(Span::default(), or)
                }
                None => first,
            })
        })
        .collect();
    }
    conditions.pop()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::row::tests::policies;

    fn texts(filters: &[&str]) -> Vec<Arc<str>> {
        filters.iter().map(|text| Arc::from(*text)).collect()
    }

    #[test]
    fn row_filters_widen_nothing() {
        let entity = policies().formula_entity();
        let conditions = Conditions::on(&entity);
        assert_eq!(conditions.visible(None).unwrap(), None);
        let many: Vec<String> = (0..300).map(|n| format!("premium = {n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for good in [
            &["status = 'Active'"][..],
            &["status = 'Active'", "premium < 5"],
            &many,
        ] {
            assert!(conditions.visible(Some(&texts(good))).unwrap().is_some());
        }
        // An attribute that is gone, no condition, a text that would close a bracket, nothing at all.
        for bad in [
            &["status = 'Active'", "gone = 'x'"][..],
            &["premium"],
            &["true) or (true"],
            &[""],
            &[],
        ] {
            let error = conditions.visible(Some(&texts(bad))).unwrap_err();
            assert!(error.is(&crate::reasons::ROW_FILTER_INVALID), "{bad:?}");
        }
    }

    #[test]
    fn filters_name_what_is_wrong_with_them() {
        let entity = policies().formula_entity();
        let conditions = Conditions::on(&entity);
        let filter = |attribute: &str, operator, values: &[&str]| Filter {
            attribute: attribute.to_owned(),
            operator,
            values: values
                .iter()
                .map(|text| Operand::Text((*text).to_owned()))
                .collect(),
        };
        let violations = conditions
            .filters(
                "filters",
                &[
                    filter("status", Operator::Equal, &["x' OR '1'='1"]),
                    filter("nothing", Operator::Equal, &["x"]),
                    filter("premium", Operator::Less, &["1 OR 1=1"]),
                    filter("status", Operator::Between, &["a"]),
                    filter("premium", Operator::Contains, &["1"]),
                ],
            )
            .unwrap_err();
        let found: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(
            found,
            [
                "filters[1].attribute",
                "filters[2].values[0]",
                "filters[3].values",
                "filters[4].operator"
            ]
        );
        assert!(
            conditions
                .text("where", "1 = 1; DROP TABLE policy")
                .is_err()
        );
        assert_eq!(conditions.text("where", " ").unwrap(), None);
    }
}
