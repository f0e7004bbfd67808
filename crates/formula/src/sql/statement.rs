//! Statements: one for the summaries of a group, one for members at the ends of a period, one for different values.

mod sets;

use super::{
    Code, Columns, Dialect, Moment, Query, Refused, Statement, refuse,
    scalar::{Scalars, quoted, table},
};
use crate::{Aggregate, Attribute, DataType, Entity, Fragment, Measure, Plan, typed::Typed};
use std::collections::BTreeMap;

/// How many different values of a percentile a group may have where the query does not say.
const MOST_VALUES: usize = 1_000_000;

pub(super) struct Writer<'a> {
    plan: &'a Plan,
    fragment: &'a Fragment,
    query: &'a Query,
    scalars: Scalars<'a>,
    /// Columns of the inner select.
    inner: Vec<String>,
    conditions: Vec<String>,
    /// Names, in the inner select, of what is grouped by, with their types.
    groups: Vec<(String, DataType)>,
    /// Whether sums are left to 64 bits, which the database refuses to leave.
    narrow: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        fragment: &'a Fragment,
        entity: &'a Entity,
        query: &'a Query,
        dialect: Dialect,
    ) -> Self {
        let scalars = Scalars {
            entity,
            dialect,
            binds: Vec::new(),
        };
        Self {
            plan,
            fragment,
            query,
            scalars,
            inner: Vec::new(),
            conditions: Vec::new(),
            groups: Vec::new(),
            narrow: false,
        }
    }

    /// With sums in 64 bits, where the dialect would need more than one column for them; none where nothing is gained.
    pub(super) fn narrow(mut self) -> Option<Self> {
        let exact_sum = |index: &usize| {
            let measure = &self.plan.measures[*index];
            let argument = measure.argument.as_ref();
            measure.aggregate == Aggregate::Sum && argument.is_some_and(|a| a.data_type.is_exact())
        };
        let gains =
            self.scalars.dialect == Dialect::Sqlite && self.fragment.measures.iter().any(exact_sum);
        self.narrow = true;
        gains.then_some(self)
    }

    fn time(&self) -> Result<&'a Attribute, Refused> {
        self.scalars.time()
    }

    fn moment(&mut self, moment: Moment) -> Result<String, Refused> {
        self.scalars.moment(moment)
    }

    /// Dimensions and conditions, which every statement has.
    fn begin(&mut self) -> Result<(), Refused> {
        for (index, code) in self.query.dimensions.iter().enumerate() {
            let column = self.scalars.column(code)?;
            let data_type = self
                .scalars
                .entity
                .attribute(code)
                .map_or(DataType::Null, |attribute| attribute.data_type);
            if !data_type.groups() {
                return refuse(
                    Code::WrongType,
                    format!("values of type {data_type} are no groups"),
                );
            }
            self.inner.push(format!("{column} AS d{index}"));
            self.groups.push((format!("d{index}"), data_type));
        }
        for filter in self.fragment.filter.iter().chain(&self.query.filters) {
            if !matches!(filter.data_type, DataType::Boolean | DataType::Null) {
                return refuse(Code::WrongType, "a filter is a condition");
            }
            let condition = self.scalars.expression(filter)?;
            self.conditions.push(condition);
        }
        Ok(())
    }

    /// The rows of the period, and which sub-period each is in.
    fn period(&mut self) -> Result<(), Refused> {
        if let Some((from, to)) = self.query.period {
            let column = self.scalars.column(&self.time()?.code)?;
            let (from, to) = (self.moment(from)?, self.moment(to)?);
            self.conditions
                .push(format!("{column} >= {from} AND {column} < {to}"));
        }
        let bounds = self.query.bounds.as_slice();
        if bounds.is_empty() {
            return Ok(());
        }
        if bounds.len() < 2 || bounds.windows(2).any(|pair| pair[0] >= pair[1]) {
            return refuse(
                Code::Arguments,
                "the bounds of periods are two or more and ascend",
            );
        }
        let column = self.scalars.column(&self.time()?.code)?;
        let (from, to) = (
            self.moment(bounds[0])?,
            self.moment(bounds[bounds.len() - 1])?,
        );
        self.conditions
            .push(format!("{column} >= {from} AND {column} < {to}"));
        let bucket = self.bucket(&column, 0, bounds.len() - 1)?;
        self.inner.push(format!("{bucket} AS b"));
        self.groups.push(("b".to_owned(), DataType::Integer));
        Ok(())
    }

    /// Binary search, as nested cases: the index of the sub-period among `first..end`.
    fn bucket(&mut self, column: &str, first: usize, end: usize) -> Result<String, Refused> {
        if end - first <= 1 {
            return Ok(first.to_string());
        }
        let middle = first.midpoint(end);
        let bound = self.moment(self.query.bounds[middle])?;
        let (low, high) = (
            self.bucket(column, first, middle)?,
            self.bucket(column, middle, end)?,
        );
        Ok(format!(
            "CASE WHEN {column} < {bound} THEN {low} ELSE {high} END"
        ))
    }

    fn from(&self) -> String {
        let entity = self.scalars.entity;
        let conditions = match self.conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", self.conditions.join(" AND ")),
        };
        format!("FROM {} AS t{conditions}", table(entity))
    }

    fn text(&self, data_type: DataType, x: &str) -> String {
        text(self.scalars.dialect, data_type, x)
    }

    pub(super) fn summary(mut self) -> Result<Statement, Refused> {
        self.begin()?;
        self.period()?;
        let own = self.own_filters()?;
        let (mut outer, mut measures) = (Vec::new(), Vec::new());
        for &index in &self.fragment.measures {
            let measure = &self.plan.measures[index];
            let name = format!("a{index}");
            let own = own.get(&index);
            if let Some(argument) = &measure.argument {
                let fails = argument.wide;
                let mut argument = self.scalars.used(argument)?;
                if matches!(measure.aggregate, Aggregate::First | Aggregate::Last) {
                    self.ordered(index, measure.aggregate, &argument)?;
                }
                // What does not fit 64 bits in a row that does not count is nobody's business.
                if let Some((_, condition)) = own.filter(|_| fails) {
                    argument = format!("CASE WHEN {condition} THEN {argument} END");
                }
                self.inner.push(format!("{argument} AS {name}"));
            }
            let filter = own.map(|(name, _)| format!(" FILTER (WHERE q.{name})"));
            let columns = self.outputs(index, measure, filter.as_deref().unwrap_or(""))?;
            measures.push((index, columns.len()));
            outer.extend(columns);
        }
        if self.inner.is_empty() {
            self.inner.push("1 AS one".to_owned());
        }
        self.finish(outer, measures, "")
    }

    /// Of measures with filters of their own, by index: the name of what the inner select says of it, and the condition. Rows that no
    /// measure counts are left out.
    fn own_filters(&mut self) -> Result<BTreeMap<usize, (String, String)>, Refused> {
        let mut own = BTreeMap::new();
        if !self.fragment.shared {
            return Ok(own);
        }
        let mut known: Vec<(&Typed, (String, String))> = Vec::new();
        let mut all = true;
        for &index in &self.fragment.measures {
            let Some(filter) = &self.plan.measures[index].filter else {
                all = false;
                continue;
            };
            let at = match known.iter().position(|(other, _)| *other == filter) {
                Some(at) => at,
                None => {
                    let name = format!("f{}", known.len());
                    let condition = self.scalars.expression(filter)?;
                    self.inner.push(format!("{condition} AS {name}"));
                    known.push((filter, (name, condition)));
                    known.len() - 1
                }
            };
            own.insert(index, known[at].1.clone());
        }
        if all {
            let any = known.iter().map(|(_, (_, condition))| condition.as_str());
            let any = any.collect::<Vec<_>>().join(" OR ");
            self.conditions.push(format!("({any})"));
        }
        Ok(own)
    }

    /// Numbers the rows of a group by time, those without a value or a time last.
    fn ordered(
        &mut self,
        index: usize,
        aggregate: Aggregate,
        argument: &str,
    ) -> Result<(), Refused> {
        let time = self.time()?;
        let (column, row) = (
            self.scalars.column(&time.code)?,
            format!("t.{}", quoted(&self.scalars.entity.row_id)),
        );
        // The inner select's names are not known in its own windows; the expressions stand before ` AS `.
        let parts: Vec<_> = self
            .groups
            .iter()
            .filter_map(|(name, _)| {
                let suffix = format!(" AS {name}");
                self.inner
                    .iter()
                    .find_map(|column| column.strip_suffix(suffix.as_str()).map(str::to_owned))
            })
            .collect();
        let partition = if parts.is_empty() {
            String::new()
        } else {
            format!("PARTITION BY {} ", parts.join(", "))
        };
        let way = if aggregate == Aggregate::First {
            "ASC"
        } else {
            "DESC"
        };
        let at = match (time.data_type, self.scalars.dialect) {
            (DataType::Date, Dialect::Sqlite) => {
                format!("CAST(julianday({column}) - 2440587.5 AS INTEGER)")
            }
            (DataType::Date, Dialect::Postgres) => format!("({column} - DATE '1970-01-01')"),
            (_, Dialect::Sqlite) => column.clone(),
            (_, Dialect::Postgres) => format!("(extract(epoch from {column}) * 1000000)::bigint"),
        };
        let row_text = self.text(DataType::Uuid, &row);
        self.inner.push(format!(
            "row_number() OVER ({partition}ORDER BY CASE WHEN {argument} IS NULL OR {column} IS NULL THEN 1 ELSE 0 END, {column} {way}, {row} {way}) AS r{index}"
        ));
        self.inner.push(format!("{at} AS t{index}"));
        self.inner.push(format!("{row_text} AS i{index}"));
        Ok(())
    }

    /// The columns that make up the state of a measure; `filter` stands behind each aggregate.
    fn outputs(
        &self,
        index: usize,
        measure: &Measure,
        filter: &str,
    ) -> Result<Vec<String>, Refused> {
        let a = format!("q.a{index}");
        let data_type = measure
            .argument
            .as_ref()
            .map_or(DataType::Null, |argument| argument.data_type);
        let sqlite = self.scalars.dialect == Dialect::Sqlite;
        let number = |x: String| self.text(DataType::Integer, &x);
        let sum = |x: &str, wide: bool| match sqlite && wide {
            // 64 bits are not enough for a sum: its halves are summed apart.
            true => vec![
                number(format!("sum({x} >> 32){filter}")),
                number(format!("sum({x} & 4294967295){filter}")),
            ],
            false => vec![number(format!("sum({x}){filter}"))],
        };
        Ok(match measure.aggregate {
            Aggregate::Count if measure.argument.is_none() => {
                vec![number(format!("count(*){filter}"))]
            }
            Aggregate::Count => vec![number(format!("count({a}){filter}"))],
            Aggregate::Sum if data_type == DataType::Double => {
                vec![self.text(DataType::Double, &format!("sum({a}){filter}"))]
            }
            Aggregate::Sum => sum(&a, !self.narrow),
            Aggregate::Min | Aggregate::Max => {
                let function = if measure.aggregate == Aggregate::Min {
                    "min"
                } else {
                    "max"
                };
                let collate = if data_type == DataType::String && !sqlite {
                    " COLLATE \"C\""
                } else {
                    ""
                };
                vec![self.text(data_type, &format!("{function}({a}{collate}){filter}"))]
            }
            Aggregate::First | Aggregate::Last => {
                let pick = |x: String| {
                    format!("max(CASE WHEN q.r{index} = 1 AND {a} IS NOT NULL THEN {x} END)")
                };
                vec![
                    number(pick(format!("q.t{index}"))),
                    pick(format!("q.i{index}")),
                    pick(self.text(data_type, &a)),
                ]
            }
            Aggregate::Distinct => vec![number(format!("count(DISTINCT {a}){filter}"))],
            Aggregate::Moments => {
                let mut columns = vec![number(format!("count({a}){filter}"))];
                columns.extend(sum(&a, true));
                if !sqlite {
                    columns.push(number(format!("sum({a}::numeric * {a}::numeric){filter}")));
                    return Ok(columns);
                }
                // x = h·2³¹ + l, so x² = h²·2⁶² + 2·h·l·2³¹ + l²; products are halved again before they are summed, and h² is, which
                // for the largest x has 65 bits, made of two products.
                let (h, l) = (format!("({a} >> 31)"), format!("({a} & 2147483647)"));
                let halves = |product: String| {
                    [
                        format!("sum({product} >> 31){filter}"),
                        format!("sum({product} & 2147483647){filter}"),
                    ]
                };
                columns.extend(
                    [
                        format!("sum({h} * ({h} >> 16)){filter}"),
                        format!("sum({h} * ({h} & 65535)){filter}"),
                    ]
                    .into_iter()
                    .chain(halves(format!("({h} * {l})")))
                    .chain(halves(format!("({l} * {l})")))
                    .map(number),
                );
                columns
            }
            Aggregate::Values | Aggregate::Set => {
                return refuse(Code::Unsupported, "this measure has a statement of its own");
            }
        })
    }

    /// Every value of a group with how often it occurs.
    pub(super) fn values(mut self) -> Result<Statement, Refused> {
        let index = self.fragment.measures[0];
        let Some(argument) = &self.plan.measures[index].argument else {
            return refuse(Code::Arguments, "a percentile has values");
        };
        self.begin()?;
        self.period()?;
        let argument = self.scalars.used(argument)?;
        self.conditions.push(format!("{argument} IS NOT NULL"));
        self.inner.push(format!("{argument} AS v"));
        let outer = vec![
            self.text(DataType::Integer, "q.v"),
            self.text(DataType::Integer, "count(*)"),
        ];
        self.finish(outer, vec![(index, 2)], "q.v")
    }

    fn finish(
        self,
        outer: Vec<String>,
        measures: Vec<(usize, usize)>,
        further: &str,
    ) -> Result<Statement, Refused> {
        let rows = format!("SELECT {} {}", self.inner.join(", "), self.from());
        self.outer(outer, measures, &rows, further)
    }

    fn outer(
        self,
        outer: Vec<String>,
        measures: Vec<(usize, usize)>,
        rows: &str,
        further: &str,
    ) -> Result<Statement, Refused> {
        let most_values = self.query.most_values.unwrap_or(MOST_VALUES);
        let shown = self
            .groups
            .iter()
            .map(|(name, data_type)| self.text(*data_type, &format!("q.{name}")));
        let select: Vec<_> = shown
            .chain(outer)
            .enumerate()
            .map(|(index, column)| format!("{column} AS c{index}"))
            .collect();
        let mut groups: Vec<_> = self
            .groups
            .iter()
            .map(|(name, _)| format!("q.{name}"))
            .collect();
        if !further.is_empty() {
            groups.push(further.to_owned());
        }
        let group = if groups.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {}", groups.join(", "))
        };
        let limit = if further.is_empty() {
            String::new()
        } else {
            format!(" LIMIT {}", most_values.saturating_add(1))
        };
        let bucket = !self.query.bounds.is_empty();
        let dimensions = self
            .groups
            .iter()
            .map(|(_, data_type)| *data_type)
            .take(self.query.dimensions.len())
            .collect();
        Ok(Statement {
            sql: format!(
                "SELECT {} FROM ({rows}) AS q{group}{limit}",
                select.join(", ")
            ),
            binds: self.scalars.binds,
            columns: Columns {
                dimensions,
                bucket,
                measures,
                most_values,
            },
        })
    }
}

/// A value as text in the one spelling that [`Table`](super::Table) reads.
pub(super) fn text(dialect: Dialect, data_type: DataType, x: &str) -> String {
    match (dialect, data_type) {
        (Dialect::Sqlite, DataType::Double) => {
            format!("CASE WHEN {x} IS NULL THEN NULL ELSE printf('%!.17g', {x}) END")
        }
        // Its `hex` makes an empty text of null.
        (Dialect::Sqlite, DataType::Uuid) => {
            format!("CASE WHEN {x} IS NULL THEN NULL ELSE lower(hex({x})) END")
        }
        (Dialect::Sqlite, _) => format!("CAST({x} AS TEXT)"),
        (Dialect::Postgres, DataType::Boolean) => format!("({x})::int::text"),
        (Dialect::Postgres, DataType::Date) => format!("to_char({x}, 'YYYY-MM-DD')"),
        (Dialect::Postgres, DataType::Timestamp) => {
            format!("(extract(epoch from {x}) * 1000000)::bigint::text")
        }
        (Dialect::Postgres, DataType::Uuid) => format!("replace(({x})::text, '-', '')"),
        (Dialect::Postgres, _) => format!("({x})::text"),
    }
}
