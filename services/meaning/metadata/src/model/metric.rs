//! Metrics: numbers the business steers by. The formula is kept as written, and must follow the grammar of the
//! metric language; whether it fits the entities is for `typing`.

use super::{
    AttributeRef, Kind, References, Rules, Span,
    parts::{check_date, check_unit, decimal},
};
use error::Violations;
use serde::{Deserialize, Serialize};
use value::Decimal;

pub(super) const FIELDS: &[&str] = &[
    "type",
    "formula",
    "entities",
    "metrics",
    "dimensions",
    "time_attribute",
    "ratio",
    "cumulative",
    "conversion",
    "set",
    "unit",
    "format",
    "additivity",
    "grain",
    "direction",
    "thresholds",
    "benchmarks",
    "result_ttl",
];

/// A number the business steers by, and how it is calculated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Metric {
    #[serde(rename = "type")]
    pub(crate) metric_type: Option<MetricType>,
    pub(crate) formula: String,
    pub(crate) entities: Vec<String>,
    pub(crate) metrics: Vec<String>,
    pub(crate) dimensions: Vec<AttributeRef>,
    pub(crate) time_attribute: Option<AttributeRef>,
    pub(crate) ratio: Option<RatioSpec>,
    pub(crate) cumulative: Option<CumulativeSpec>,
    pub(crate) conversion: Option<ConversionSpec>,
    pub(crate) set: Option<SetSpec>,
    pub(crate) unit: String,
    pub(crate) format: String,
    pub(crate) additivity: Option<Additivity>,
    pub(crate) grain: Option<Grain>,
    pub(crate) direction: Option<Direction>,
    pub(crate) thresholds: Vec<Threshold>,
    pub(crate) benchmarks: Vec<Benchmark>,
    pub(crate) result_ttl: Option<Span>,
}

/// How a metric is calculated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MetricType {
    Simple,
    Ratio,
    Derived,
    Cumulative,
    Conversion,
    SetBased,
}

/// One metric divided by another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RatioSpec {
    pub(crate) numerator: String,
    pub(crate) denominator: String,
}

/// A metric summed over a window of so many grains; none is without a start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CumulativeSpec {
    pub(crate) metric: String,
    pub(crate) window: u32,
    pub(crate) grain: Option<Grain>,
}

/// The share of base events that are followed by a conversion in time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ConversionSpec {
    pub(crate) base: String,
    pub(crate) conversion: String,
    pub(crate) subject: AttributeRef,
    pub(crate) within: Option<Span>,
}

/// The members of the sets that a formula compares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SetSpec {
    pub(crate) member: AttributeRef,
    pub(crate) filter: String,
}

/// Whether results of parts may be summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Additivity {
    Additive,
    SemiAdditive,
    NonAdditive,
}

/// Length of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grain {
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "the contract names them so")]
pub(crate) enum Direction {
    HigherIsBetter,
    LowerIsBetter,
    TargetIsBetter,
}

/// Where a metric begins to be good or bad.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Threshold {
    pub(crate) level: Option<ThresholdLevel>,
    pub(crate) comparison: Option<Comparison>,
    #[serde(deserialize_with = "decimal::deserialize")]
    pub(crate) value: Option<Decimal>,
}

/// What it means to be beyond a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ThresholdLevel {
    Good,
    Warning,
    Critical,
}

/// How a result is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What others reach.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Benchmark {
    pub(crate) name: String,
    #[serde(deserialize_with = "decimal::deserialize")]
    pub(crate) value: Option<Decimal>,
    pub(crate) source: String,
    pub(crate) as_of: String,
}

impl Rules for Metric {
    fn check(&self, found: &mut Violations) {
        let Some(metric_type) = self.metric_type else {
            return found.add("type", "REQUIRED", "a metric says how it is calculated");
        };
        self.check_type(metric_type, found);
        check_unit("unit", &self.unit, found);
        for (index, threshold) in self.thresholds.iter().enumerate() {
            let field = |name: &str| format!("thresholds[{index}].{name}");
            found.check(
                threshold.level.is_some(),
                field("level"),
                "REQUIRED",
                "a threshold has a level",
            );
            found.check(
                threshold.comparison.is_some(),
                field("comparison"),
                "REQUIRED",
                "a threshold compares",
            );
            found.check(
                threshold.value.is_some(),
                field("value"),
                "REQUIRED",
                "a threshold has a value",
            );
        }
        for (index, benchmark) in self.benchmarks.iter().enumerate() {
            let field = |name: &str| format!("benchmarks[{index}].{name}");
            found.check(
                !benchmark.name.is_empty(),
                field("name"),
                "REQUIRED",
                "a benchmark has a name",
            );
            found.check(
                benchmark.value.is_some(),
                field("value"),
                "REQUIRED",
                "a benchmark has a value",
            );
            check_date(&field("as_of"), &benchmark.as_of, found);
        }
        let dimensions = self
            .dimensions
            .iter()
            .enumerate()
            .map(|(n, d)| (format!("dimensions[{n}]"), d));
        let time = self
            .time_attribute
            .iter()
            .map(|time| ("time_attribute".to_owned(), time));
        for (path, attribute) in dimensions.chain(time) {
            attribute.check(&path, found);
        }
    }

    fn refer(&self, out: &mut References) {
        out.many("entities", Kind::Entity, &self.entities);
        out.many("metrics", Kind::Metric, &self.metrics);
        for (index, dimension) in self.dimensions.iter().enumerate() {
            out.attribute(format!("dimensions[{index}]"), dimension);
        }
        if let Some(time) = &self.time_attribute {
            out.attribute("time_attribute", time);
        }
        if let Some(ratio) = &self.ratio {
            out.one("ratio.numerator", Kind::Metric, &ratio.numerator);
            out.one("ratio.denominator", Kind::Metric, &ratio.denominator);
        }
        if let Some(cumulative) = &self.cumulative {
            out.one("cumulative.metric", Kind::Metric, &cumulative.metric);
        }
        if let Some(conversion) = &self.conversion {
            out.one("conversion.base", Kind::Metric, &conversion.base);
            out.one(
                "conversion.conversion",
                Kind::Metric,
                &conversion.conversion,
            );
            out.attribute("conversion.subject", &conversion.subject);
        }
        if let Some(set) = &self.set {
            out.attribute("set.member", &set.member);
        }
    }
}

impl Metric {
    /// Each type has what it needs and nothing of another type.
    fn check_type(&self, metric_type: MetricType, found: &mut Violations) {
        use MetricType::{Conversion, Cumulative, Derived, Ratio, SetBased, Simple};
        let specs = [
            ("ratio", Ratio, self.ratio.is_some()),
            ("cumulative", Cumulative, self.cumulative.is_some()),
            ("conversion", Conversion, self.conversion.is_some()),
            ("set", SetBased, self.set.is_some()),
        ];
        for (field, owner, given) in specs {
            if owner == metric_type {
                found.check(
                    given,
                    field,
                    "REQUIRED",
                    format!("a metric of this type has `{field}`"),
                );
            } else {
                found.check(
                    !given,
                    field,
                    "OTHER_TYPE",
                    format!("a metric of this type has no `{field}`"),
                );
            }
        }
        if matches!(metric_type, Simple | Derived | SetBased) {
            let written = !self.formula.trim().is_empty();
            found.check(
                written,
                "formula",
                "REQUIRED",
                "a metric of this type has a formula",
            );
            if let Err(problems) = formula::parse(&self.formula)
                && written
            {
                for found_at in problems.violations("formula") {
                    found.add(found_at.field, found_at.reason, found_at.description);
                }
            }
        }
        if metric_type == Simple {
            found.check(
                !self.entities.is_empty(),
                "entities",
                "REQUIRED",
                "a simple metric reads an entity",
            );
        }
        if metric_type == Derived {
            found.check(
                !self.metrics.is_empty(),
                "metrics",
                "REQUIRED",
                "a derived metric uses metrics",
            );
        }
        let named = |field: &str, code: &str, found: &mut Violations| {
            found.check(!code.is_empty(), field, "REQUIRED", "it names a metric");
        };
        if let Some(ratio) = &self.ratio {
            named("ratio.numerator", &ratio.numerator, found);
            named("ratio.denominator", &ratio.denominator, found);
        }
        if let Some(cumulative) = &self.cumulative {
            named("cumulative.metric", &cumulative.metric, found);
            let unit = cumulative.window == 0 || cumulative.grain.is_some();
            found.check(unit, "cumulative.grain", "REQUIRED", "a window has a unit");
        }
        if let Some(conversion) = &self.conversion {
            named("conversion.base", &conversion.base, found);
            named("conversion.conversion", &conversion.conversion, found);
            conversion.subject.check("conversion.subject", found);
        }
        if let Some(set) = &self.set {
            set.member.check("set.member", found);
        }
    }
}

impl AttributeRef {
    /// Reports what is missing for it to name one attribute.
    fn check(&self, path: &str, found: &mut Violations) {
        found.check(
            !self.entity.is_empty(),
            format!("{path}.entity"),
            "REQUIRED",
            "it names an entity",
        );
        found.check(
            !self.attribute.is_empty(),
            format!("{path}.attribute"),
            "REQUIRED",
            "it names an attribute",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(metric: serde_json::Value) -> Vec<String> {
        let metric: Metric = serde_json::from_value(metric).unwrap();
        let mut found = Violations::new();
        metric.check(&mut found);
        found
            .as_slice()
            .iter()
            .map(|violation| violation.field.clone())
            .collect()
    }

    #[test]
    fn each_type_has_what_it_needs() {
        assert_eq!(fields(json!({})), ["type"]);
        assert_eq!(fields(json!({"type": "simple"})), ["formula", "entities"]);
        assert_eq!(fields(json!({"type": "derived"})), ["formula", "metrics"]);
        assert_eq!(fields(json!({"type": "ratio"})), ["ratio"]);
        assert_eq!(
            fields(json!({"type": "ratio", "ratio": {"numerator": "a"}, "set": {}})),
            [
                "set",
                "ratio.denominator",
                "set.member.entity",
                "set.member.attribute"
            ]
        );
        assert_eq!(
            fields(json!({"type": "cumulative", "cumulative": {"metric": "a", "window": 3}})),
            ["cumulative.grain"]
        );
    }

    #[test]
    fn everything_a_metric_names_is_a_reference() {
        let metric: Metric = serde_json::from_value(json!({
            "type": "conversion", "entities": ["policy"], "metrics": ["a", "b"],
            "conversion": {"base": "c", "conversion": "d", "subject": {"entity": "member", "attribute": "member_id"}},
        }))
        .unwrap();
        let mut out = References::default();
        metric.refer(&mut out);
        let paths: Vec<_> = out
            .finish()
            .into_iter()
            .map(|reference| reference.path)
            .collect();
        let expected = [
            "entities[0]",
            "metrics[0]",
            "metrics[1]",
            "conversion.base",
            "conversion.conversion",
            "conversion.subject",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn numbers_without_quotes_stay_exact() {
        let read = |value| serde_json::from_value::<Threshold>(json!({"value": value}));
        assert_eq!(
            read(json!(0.85)).unwrap().value,
            Some("0.85".parse().unwrap())
        );
        assert_eq!(
            read(json!("0.850")).unwrap().value.unwrap().to_string(),
            "0.850"
        );
        assert!(read(json!(0.123_456_789_012_345_67)).is_err());
        assert!(read(json!("1; DROP TABLE")).is_err());
    }
}
