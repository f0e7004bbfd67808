//! A formula as a plan: measures over rows, grouped into fragments of one source each, and a total over their states.

use crate::{
    Aggregate, Binary, Code, DataType, Definition, Exact, Expr, FormulaHash, Literal, Measure,
    Metrics, Ontology, Problems, Read, State, Typed, TypedNode, Unit,
    check::{Checker, Place, literal},
    evaluate::{Leaves, Missing, Refusal, Value, evaluate},
    hash, parse,
};
use std::collections::{BTreeMap, BTreeSet};

/// How a metric comes about; the first that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// Uses sets at the ends of a period.
    SetBased,
    /// Uses other metrics.
    Derived,
    /// One total divided by another.
    Ratio,
    /// Anything else over rows, mostly a single aggregate.
    Simple,
}

/// What kind of statement a fragment needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One row for each group.
    Summary,
    /// Counts of members at the ends of a period, one row for each group.
    Set,
    /// A row for each different value of a group.
    Values,
}

/// Measures that one statement over one entity answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Fragment {
    /// The entity's code.
    pub entity: String,
    /// Which rows count; all where none.
    pub filter: Option<Typed>,
    /// Whether the measures have different filters, so that the statement looks at each measure's own.
    pub(crate) shared: bool,
    /// The kind of statement.
    pub shape: Shape,
    /// Its measures, by index into the plan's.
    pub measures: Vec<usize>,
}

/// A checked formula, ready to be calculated.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is read from rows.
    pub measures: Vec<Measure>,
    /// The measures by source.
    pub fragments: Vec<Fragment>,
    /// The answer, over the states of the measures.
    pub total: Typed,
    /// Codes of the metrics it uses, directly or not.
    pub metrics: BTreeSet<String>,
    /// Codes of the entities it reads.
    pub entities: BTreeSet<String>,
    /// The attributes it reads: entity and attribute.
    pub attributes: BTreeSet<(String, String)>,
    /// How it comes about.
    pub kind: MetricKind,
    /// Hash of the formula's canonical form; of the metrics it uses only the names are in it.
    pub hash: FormulaHash,
}

/// Checks `definition` against the ontology and plans it, metrics that it uses expanded.
///
/// # Errors
/// Everything that is wrong with it that could be found at once.
pub fn plan(
    ontology: &Ontology,
    metrics: &dyn Metrics,
    definition: &Definition,
) -> Result<Plan, Problems> {
    let expr = parse(&definition.formula)?;
    plan_named(ontology, metrics, definition, &expr, None)
}

/// As [`plan`], of the metric `code`, which it may then not use itself.
///
/// # Errors
/// As [`plan`].
pub fn plan_metric(
    ontology: &Ontology,
    metrics: &dyn Metrics,
    code: &str,
    definition: &Definition,
) -> Result<Plan, Problems> {
    let expr = parse(&definition.formula)?;
    plan_named(ontology, metrics, definition, &expr, Some(code))
}

fn plan_named(
    ontology: &Ontology,
    metrics: &dyn Metrics,
    definition: &Definition,
    expr: &Expr,
    code: Option<&str>,
) -> Result<Plan, Problems> {
    let mut checker = Checker::new(ontology, metrics, &definition.formula);
    checker.path.extend(code.map(str::to_owned));
    let total = checker.expr(expr, Place::Total(definition));
    let Checker {
        problems,
        measures,
        used,
        ..
    } = checker;
    problems.finish(())?;
    let total = total.expect("a value or a problem");
    let (entities, attributes) = reads(&measures);
    let ratio = matches!(&total.node, TypedNode::Binary(Binary::Divide, l, r) if !l.is_literal() && !r.is_literal());
    let kind = match () {
        () if measures
            .iter()
            .any(|measure| measure.aggregate == Aggregate::Set) =>
        {
            MetricKind::SetBased
        }
        () if !used.is_empty() => MetricKind::Derived,
        () if ratio && matches!(expr.node, crate::Node::Binary(..)) => MetricKind::Ratio,
        () => MetricKind::Simple,
    };
    let fragments = fragments(&measures);
    Ok(Plan {
        measures,
        fragments,
        total,
        metrics: used,
        entities,
        attributes,
        kind,
        hash: hash(expr),
    })
}

/// The entities, and the attributes by entity, that measures read.
fn reads(measures: &[Measure]) -> (BTreeSet<String>, BTreeSet<(String, String)>) {
    let (mut entities, mut attributes) = (BTreeSet::new(), BTreeSet::new());
    for measure in measures {
        entities.insert(measure.entity.clone());
        for part in measure.filter.iter().chain(&measure.argument) {
            part.columns(&mut |code| {
                attributes.insert((measure.entity.clone(), code.to_owned()));
            });
        }
    }
    (entities, attributes)
}

/// The measures of these texts over `entity`, in their order: what [`Measure::text`] wrote, planned again where the rows are.
/// The plan has no total.
///
/// # Errors
/// What is wrong with the first text that is no measure of the entity.
pub fn measures_plan(ontology: &Ontology, entity: &str, texts: &[&str]) -> Result<Plan, Problems> {
    let none = BTreeMap::<String, Definition>::new();
    let definition = Definition {
        formula: String::new(),
        entity: Some(entity.to_owned()),
        set: None,
    };
    let mut measures = Vec::with_capacity(texts.len());
    for text in texts {
        let expr = parse(text)?;
        let mut checker = Checker::new(ontology, &none, text);
        let typed = checker.expr(&expr, Place::Total(&definition));
        if let Some(typed) = typed {
            let one = matches!(typed.node, TypedNode::Measure(0, _));
            match checker.measures.pop() {
                Some(measure) if one && measure.entity == entity => measures.push(measure),
                Some(measure) if one => {
                    let message =
                        format!("this reads rows of `{}`, not of `{entity}`", measure.entity);
                    checker.fail::<()>(Code::MixedEntities, expr.span, message, None);
                }
                _ => {
                    let message = "a measure is one call of an aggregate or set function";
                    checker.fail::<()>(Code::WrongLevel, expr.span, message, None);
                }
            }
        }
        checker.problems.finish(())?;
    }
    let (entities, attributes) = reads(&measures);
    let kind = match measures.iter().any(|m| m.aggregate == Aggregate::Set) {
        true => MetricKind::SetBased,
        false => MetricKind::Simple,
    };
    Ok(Plan {
        fragments: fragments(&measures),
        measures,
        total: literal(DataType::Null, Literal::Null),
        metrics: BTreeSet::new(),
        entities,
        attributes,
        kind,
        hash: FormulaHash::of(&texts.join("\n")),
    })
}

/// At most so many measures of one statement that have filters of their own: databases bound their columns.
const MAX_SHARED: usize = 60;
/// At most so large is a filter that is looked at beside others in one statement.
const MAX_SHARED_FILTER: u32 = 200;

fn fragments(measures: &[Measure]) -> Vec<Fragment> {
    let mut out: Vec<Fragment> = Vec::new();
    for (index, measure) in measures.iter().enumerate() {
        let shape = match measure.aggregate {
            Aggregate::Set => Shape::Set,
            Aggregate::Values => Shape::Values,
            _ => Shape::Summary,
        };
        // Statements of members and of values read one expression each.
        let alone = shape != Shape::Summary;
        let home = out.iter_mut().find(|fragment| {
            !alone
                && fragment.shape == shape
                && fragment.entity == measure.entity
                && (fragment.filter == measure.filter && !fragment.shared
                    || shares(fragment, measure, measures))
        });
        match home {
            Some(fragment) => {
                // Where filters differ, each measure keeps its own.
                if fragment.filter != measure.filter {
                    (fragment.filter, fragment.shared) = (None, true);
                }
                fragment.measures.push(index);
            }
            None => out.push(Fragment {
                entity: measure.entity.clone(),
                filter: measure.filter.clone(),
                shared: false,
                shape,
                measures: vec![index],
            }),
        }
    }
    out
}

/// Whether a measure goes with others of another filter, so that the rows are read once. Rows are numbered for `first` and `last`, so that
/// those stay with their own.
fn shares(fragment: &Fragment, measure: &Measure, measures: &[Measure]) -> bool {
    let small = |filter: &Option<Typed>| {
        // `where null` has no type that a column could have.
        filter.as_ref().is_none_or(|filter| {
            filter.size <= MAX_SHARED_FILTER && filter.data_type == DataType::Boolean
        })
    };
    let plain = |measure: &Measure| {
        !matches!(measure.aggregate, Aggregate::First | Aggregate::Last) && small(&measure.filter)
    };
    fragment.measures.len() < MAX_SHARED
        && plain(measure)
        && fragment
            .measures
            .iter()
            .all(|index| plain(&measures[*index]))
}

impl Plan {
    /// What the answer is.
    pub const fn data_type(&self) -> DataType {
        self.total.data_type
    }

    /// The unit of the answer; a formula of literals alone has none.
    pub fn unit(&self) -> Unit {
        self.total.unit.clone().unwrap_or_default()
    }

    /// The figures that the total is made of: measures by index and what is read of them, each once, in the order of the formula.
    pub fn figures(&self) -> Vec<(usize, Read)> {
        let mut found = Vec::new();
        collect(&self.total, &mut found);
        found
    }

    /// The sets, by index of their measures, of which the total compares both ends of a period: where one snapshot stands for both, there
    /// is nothing to compare.
    pub fn compared_sets(&self) -> BTreeSet<usize> {
        let figures = self.figures();
        let read = |index: usize, end: Read| figures.contains(&(index, end));
        let both = |index: usize| {
            let whole = [Read::New, Read::Retained, Read::Dropped];
            whole.into_iter().any(|end| read(index, end))
                || read(index, Read::Start) && read(index, Read::End)
        };
        let indices = figures.iter().map(|(index, _)| *index);
        indices.filter(|index| both(*index)).collect()
    }

    /// A figure of the total over the states of all measures.
    ///
    /// # Errors
    /// Where a number does not fit 128 bits.
    pub fn figure(&self, (index, read): (usize, Read), states: &[State]) -> Result<Value, Refusal> {
        States { plan: self, states }.measure(index, read)
    }

    /// A part of the total, such as a node of its [`tree`](crate::tree), over the states of all measures.
    ///
    /// # Errors
    /// Where a number does not fit 128 bits.
    pub fn part(&self, part: &Typed, states: &[State]) -> Result<Value, Refusal> {
        evaluate(part, &States { plan: self, states })
    }

    /// The states of a group that no row is in.
    pub fn empty(&self) -> Vec<State> {
        self.measures.iter().map(State::empty).collect()
    }

    /// The answer over the states of all measures, in their order.
    ///
    /// # Errors
    /// Where a number does not fit 128 bits.
    pub fn evaluate(&self, states: &[State]) -> Result<Value, Refusal> {
        evaluate(&self.total, &States { plan: self, states })
    }
}

fn collect(typed: &Typed, found: &mut Vec<(usize, Read)>) {
    if let TypedNode::Measure(index, read) = typed.node
        && !found.contains(&(index, read))
    {
        found.push((index, read));
    }
    typed.node.children(&mut |child| collect(child, found));
}

struct States<'a> {
    plan: &'a Plan,
    states: &'a [State],
}

impl Leaves for States<'_> {
    fn column(&self, _: &str) -> Result<Value, Refusal> {
        Ok(Value::Null(Missing::Absent))
    }

    fn measure(&self, index: usize, read: Read) -> Result<Value, Refusal> {
        let argument = self.plan.measures[index].argument.as_ref();
        let scale = argument.map_or(0, |argument| argument.data_type.scale());
        match self.states.get(index) {
            Some(state) => state.read(read, scale),
            None => Ok(Value::Number(Exact::ZERO)),
        }
    }
}
