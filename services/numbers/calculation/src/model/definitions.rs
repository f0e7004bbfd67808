//! Definitions as of one moment: the ontology and the metrics that formulas are planned against, with their versions.

use super::calendar::Grain;
use formula::{Aggregate, Definition, Exact, Metrics, Number, Ontology, Plan, Problems, SetSpec};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What a tenant's definitions say, as far as a question needs them.
#[derive(Clone, Debug)]
pub(crate) struct Definitions {
    /// Version of the tenant's ontology that they are of.
    pub(crate) version: i64,
    /// Which versions they are: a hash over the ids and versions of all of them.
    pub(crate) digest: [u8; 32],
    pub(crate) ontology: Ontology,
    /// Attributes, by entity, that tell of single rows: keys and what is sensitive.
    pub(crate) guarded: BTreeSet<(String, String)>,
    /// Names and versions of the entities.
    pub(crate) entities: BTreeMap<String, Named>,
    pub(crate) metrics: BTreeMap<String, Metric>,
}

/// Who a definition is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: i64,
}

/// A metric as far as its value depends on it.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    pub(crate) named: Named,
    pub(crate) handler: Handler,
    /// How it is calculated; none of a type that is not calculated.
    pub(crate) definition: Option<Definition>,
    /// Code of the value chain, and of the module of it, that it belongs to.
    pub(crate) domain: String,
    pub(crate) module: String,
    pub(crate) unit: String,
    pub(crate) format: String,
    pub(crate) thresholds: Vec<Threshold>,
    /// The finest period that it makes sense for.
    pub(crate) finest: Option<Grain>,
    /// Entity and attribute that place its rows in time, where the definition says so.
    pub(crate) time: Option<(String, String)>,
}

/// Who calculates a metric: its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    Simple,
    Ratio,
    Derived,
    SetBased,
    Cumulative,
    Conversion,
}

impl Handler {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Ratio => "ratio",
            Self::Derived => "derived",
            Self::SetBased => "set_based",
            Self::Cumulative => "cumulative",
            Self::Conversion => "conversion",
        }
    }
}

/// Where a value begins to be good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Threshold {
    pub(crate) level: Level,
    pub(crate) comparison: formula::Binary,
    pub(crate) value: Exact,
}

/// What it means to be beyond a threshold, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Good,
    Warning,
    Critical,
}

impl Level {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Good => "GOOD",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
        }
    }
}

impl Metrics for Definitions {
    fn metric(&self, code: &str) -> Option<Definition> {
        self.metrics.get(code)?.definition.clone()
    }

    fn codes(&self) -> Vec<String> {
        self.metrics.keys().cloned().collect()
    }
}

/// A formula that is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) definition: Definition,
    /// Code that it would have.
    pub(crate) metric: Option<String>,
}

/// A checked formula with the definitions that it was checked against.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// Code of the metric; none of a draft.
    pub(crate) code: Option<String>,
    pub(crate) definition: Definition,
    pub(crate) plan: Plan,
    pub(crate) definitions: std::sync::Arc<Definitions>,
}

impl Planned {
    /// An attribute by which a question with these dimensions reads single rows: it groups by a key or by something sensitive, or its draft
    /// takes values of such an attribute as they are.
    pub(crate) fn reads_rows_by(&self, dimensions: &[String]) -> Option<String> {
        let guarded = |entity: &str, code: &str| {
            let guarded = &self.definitions.guarded;
            guarded.contains(&(entity.to_owned(), code.to_owned()))
        };
        let grouped = dimensions.iter().find(|code| {
            let mut entities = self.plan.entities.iter();
            entities.any(|entity| guarded(entity, code))
        });
        if let Some(code) = grouped {
            return Some(code.clone());
        }
        // A stored metric was written by somebody who may define them.
        if self.code.is_some() {
            return None;
        }
        let mut found = None;
        for measure in &self.plan.measures {
            let taken = matches!(
                measure.aggregate,
                Aggregate::Min | Aggregate::Max | Aggregate::First | Aggregate::Last
            );
            if let (true, Some(argument)) = (taken, &measure.argument) {
                argument.columns(&mut |code| {
                    if guarded(&measure.entity, code) {
                        found = Some(code.to_owned());
                    }
                });
            }
        }
        found
    }

    /// The metric; none of a draft.
    pub(crate) fn metric(&self) -> Option<&Metric> {
        self.definitions.metrics.get(self.code.as_deref()?)
    }

    /// The metric and all that it uses.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = (&str, &Metric)> {
        let codes = self.code.iter().chain(&self.plan.metrics);
        codes.filter_map(|code| Some((code.as_str(), self.definitions.metrics.get(code)?)))
    }

    /// Who calculates it.
    pub(crate) fn handler(&self) -> Handler {
        self.metric()
            .map_or_else(|| handler(self.plan.kind), |metric| metric.handler)
    }
}

/// Who calculates a formula that is not stored.
pub(crate) const fn handler(kind: formula::MetricKind) -> Handler {
    match kind {
        formula::MetricKind::Simple => Handler::Simple,
        formula::MetricKind::Ratio => Handler::Ratio,
        formula::MetricKind::Derived => Handler::Derived,
        formula::MetricKind::SetBased => Handler::SetBased,
    }
}

/// Why a metric is not planned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unplanned {
    /// There is none of this code.
    Unknown,
    /// It, or a metric that it uses, is of a type that is not calculated.
    Type(String, Handler),
    /// It, or a metric that it uses, places rows in time by another attribute than their entity does.
    Time(String, String),
    /// Its formula is wrong.
    Formula(Problems),
}

impl Definitions {
    /// Definitions with their digest.
    pub(crate) fn new(
        version: i64,
        entities: impl IntoIterator<Item = (Named, formula::Entity)>,
        metrics: impl IntoIterator<Item = (String, Metric)>,
    ) -> Self {
        let metrics: BTreeMap<_, _> = metrics.into_iter().collect();
        let (names, entities): (Vec<_>, Vec<_>) = entities.into_iter().unzip();
        let codes = entities.iter().map(|entity| entity.code.clone());
        let names: BTreeMap<_, _> = codes.zip(names).collect();
        let mut hash = Sha256::new();
        for named in names
            .values()
            .chain(metrics.values().map(|metric| &metric.named))
        {
            hash.update((named.id.len() as u64).to_be_bytes());
            hash.update(&named.id);
            hash.update(named.version.to_be_bytes());
        }
        Self {
            version,
            digest: hash.finalize().into(),
            ontology: Ontology::new(entities),
            guarded: BTreeSet::new(),
            entities: names,
            metrics,
        }
    }

    /// The plan of a stored metric.
    pub(crate) fn plan(&self, code: &str) -> Result<(Definition, Plan), Unplanned> {
        let metric = self.metrics.get(code).ok_or(Unplanned::Unknown)?;
        // Only what the metric uses is here, so any that is not calculated stands in its way.
        let others = self.metrics.iter().filter(|(other, _)| *other != code);
        for (code, metric) in std::iter::once((&code.to_owned(), metric)).chain(others) {
            if metric.definition.is_none() {
                return Err(Unplanned::Type(code.clone(), metric.handler));
            }
        }
        let definition = metric.definition.clone().ok_or(Unplanned::Unknown)?;
        let plan = formula::plan_metric(&self.ontology, self, code, &definition)
            .map_err(Unplanned::Formula)?;
        self.own_times(std::iter::once(code), &plan)?;
        Ok((definition, plan))
    }

    /// The plan of a formula that is not stored.
    pub(crate) fn plan_draft(&self, draft: &Draft) -> Result<Plan, Unplanned> {
        let definition = &draft.definition;
        let plan = match &draft.metric {
            Some(code) => formula::plan_metric(&self.ontology, self, code, definition),
            None => formula::plan(&self.ontology, self, definition),
        };
        let plan = plan.map_err(|problems| self.of_type(&definition.formula, problems))?;
        self.own_times(std::iter::empty(), &plan)?;
        Ok(plan)
    }

    /// An unknown metric may be there and of a type that is not calculated.
    fn of_type(&self, formula: &str, problems: Problems) -> Unplanned {
        let unknown = problems
            .as_slice()
            .iter()
            .filter(|problem| problem.code == formula::Code::UnknownMetric);
        for problem in unknown {
            let code = formula.get(problem.span.range()).unwrap_or("");
            if let Some(metric) = self.metrics.get(code) {
                return Unplanned::Type(code.to_owned(), metric.handler);
            }
        }
        Unplanned::Formula(problems)
    }

    /// Rows are placed in time by their entity's attribute alone.
    fn own_times<'a>(
        &'a self,
        own: impl Iterator<Item = &'a str>,
        plan: &'a Plan,
    ) -> Result<(), Unplanned> {
        for code in own.chain(plan.metrics.iter().map(String::as_str)) {
            let time = self
                .metrics
                .get(code)
                .and_then(|metric| metric.time.as_ref());
            let Some((entity, attribute)) = time else {
                continue;
            };
            let own = self.ontology.entity(entity).and_then(formula::Entity::time);
            if own.is_none_or(|own| own.code != *attribute) {
                return Err(Unplanned::Time(
                    code.to_owned(),
                    format!("{entity}.{attribute}"),
                ));
            }
        }
        Ok(())
    }
}

/// A decimal as text, such as `-12.340`; none where 128 bits do not hold it.
pub(crate) fn decimal(text: &str) -> Option<Exact> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let number = Number::parse(digits)?.reduced();
    let exact = Exact::scaled(number.digits, number.scale).ok()?;
    if digits.len() < text.len() {
        exact.negate().ok()
    } else {
        Some(exact)
    }
}

/// The sets of a definition, where it has a member.
pub(crate) fn set(entity: &str, member: &str, filter: &str) -> Option<SetSpec> {
    (!member.is_empty()).then(|| SetSpec {
        entity: entity.to_owned(),
        member: member.to_owned(),
        filter: filter.to_owned(),
    })
}
