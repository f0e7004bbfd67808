//! Statements: one for the summaries of a group, one for members at the ends of a period, one for different values.

mod outputs;
mod periods;
mod sets;

pub(super) use outputs::text;

use super::{
    Code, Columns, Dialect, Moment, Query, Refused, Statement, refuse,
    scalar::{Scalars, quoted, table},
};
use crate::{
    Aggregate, Attribute, DataType, Entity, Fragment, Plan,
    typed::{Typed, TypedNode},
};
use periods::Periods;
use std::collections::BTreeMap;

/// How many different values of a percentile a group may have where the query does not say.
const MOST_VALUES: usize = 1_000_000;
/// Expressions that stand in the aggregates themselves are together so long at most; longer ones are written once, in a select of their own.
const MOST_REPEATED: usize = 1 << 16;

pub(super) struct Writer<'a> {
    plan: &'a Plan,
    fragment: &'a Fragment,
    query: &'a Query,
    scalars: Scalars<'a>,
    /// What is calculated of a row: expressions with their names.
    inner: Vec<(String, String)>,
    conditions: Vec<String>,
    /// Names of what is grouped by, with their types.
    groups: Vec<(String, DataType)>,
    periods: Periods,
    /// Whether sub-periods may be read one by one.
    apart: bool,
    /// Whether sums are left to 64 bits, which the database refuses to leave.
    narrow: bool,
    /// Whether the expressions of a row stand in the aggregates themselves, and not in a select of their own.
    flat: bool,
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
            periods: Periods::All,
            apart: query.apart,
            narrow: false,
            flat: false,
        }
    }

    /// With all sub-periods in one pass over the rows.
    pub(super) fn together(mut self) -> Self {
        self.apart = false;
        self
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

    /// Names an expression over a row.
    fn name(&mut self, expression: impl Into<String>, name: impl Into<String>) {
        self.inner.push((expression.into(), name.into()));
    }

    /// What stands for a named expression in the aggregates.
    fn named(&self, name: &str) -> String {
        let known = self.inner.iter().find(|(_, known)| known == name);
        match known.filter(|_| self.flat) {
            Some((expression, _)) => expression.clone(),
            None => format!("q.{name}"),
        }
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
            let name = format!("d{index}");
            self.name(column, name.as_str());
            self.groups.push((name, data_type));
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

    pub(super) fn summary(mut self) -> Result<Statement, Refused> {
        self.begin()?;
        self.period()?;
        let own = self.own_filters()?;
        let mut repeated = 0;
        let mut ordered = false;
        for &index in &self.fragment.measures {
            let measure = &self.plan.measures[index];
            let own = own.get(&index);
            let mut length = own.map_or(0, |(_, condition)| condition.len());
            if let Some(argument) = &measure.argument {
                let fails = argument.wide;
                let mut argument = self.scalars.used(argument)?;
                if matches!(measure.aggregate, Aggregate::First | Aggregate::Last) {
                    self.ordered(index, measure.aggregate, &argument)?;
                    ordered = true;
                }
                // What does not fit 64 bits in a row that does not count is nobody's business.
                if let Some((_, condition)) = own.filter(|_| fails) {
                    argument = format!("CASE WHEN {condition} THEN {argument} END");
                }
                length += argument.len();
                self.name(argument, format!("a{index}"));
            }
            repeated += length * outputs::uses(measure.aggregate);
        }
        // The numbers of rows and the sub-periods of rows are calculated once, in a select of their own.
        self.flat = !ordered && !self.periods.is_expression() && repeated <= MOST_REPEATED;
        let (mut outer, mut measures) = (Vec::new(), Vec::new());
        for &index in &self.fragment.measures {
            let own = own.get(&index);
            let filter = own.map(|(name, _)| format!(" FILTER (WHERE {})", self.named(name)));
            let filter = filter.as_deref().unwrap_or("");
            let columns = self.outputs(index, &self.plan.measures[index], filter)?;
            measures.push((index, columns.len()));
            outer.extend(columns);
        }
        Ok(self.finish(&outer, measures, None))
    }

    /// Of measures with filters of their own, by index: the name of what a row says of it, and the condition. Rows that no measure
    /// counts are left out.
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
                    self.name(condition.as_str(), name.as_str());
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
        // The names of a select are not known in its own windows.
        let grouped = |(_, name): &&(String, String)| self.groups.iter().any(|(g, _)| g == name);
        let parts = self.inner.iter().filter(grouped);
        let parts: Vec<_> = parts.map(|(expression, _)| expression.as_str()).collect();
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
        self.name(
            format!(
                "row_number() OVER ({partition}ORDER BY CASE WHEN {argument} IS NULL OR {column} IS NULL THEN 1 ELSE 0 END, {column} {way}, {row} {way})"
            ),
            format!("r{index}"),
        );
        self.name(at, format!("t{index}"));
        self.name(row_text, format!("i{index}"));
        Ok(())
    }

    /// Every value of a group with how often it occurs.
    pub(super) fn values(mut self) -> Result<Statement, Refused> {
        let index = self.fragment.measures[0];
        let Some(argument) = &self.plan.measures[index].argument else {
            return refuse(Code::Arguments, "a percentile has values");
        };
        self.begin()?;
        self.period()?;
        // A column stands for itself; what is grouped by is written twice.
        self.flat = matches!(argument.node, TypedNode::Column(_)) && !self.periods.is_expression();
        let argument = self.scalars.used(argument)?;
        self.conditions.push(format!("{argument} IS NOT NULL"));
        self.name(argument, "v");
        let value = self.named("v");
        let outer = [
            self.text(DataType::Integer, &value),
            self.text(DataType::Integer, "count(*)"),
        ];
        Ok(self.finish(&outer, vec![(index, 2)], Some(&value)))
    }

    /// The rows of the conditions, and of a further one.
    fn from(&self, further: Option<&str>) -> String {
        let entity = self.scalars.entity;
        let all = self.conditions.iter().map(String::as_str).chain(further);
        let conditions = all.collect::<Vec<_>>().join(" AND ");
        let conditions = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {conditions}"),
        };
        format!("FROM {} AS t{conditions}", table(entity))
    }

    /// What is calculated of each of these rows.
    fn rows(&self, from: &str) -> String {
        let column = |(expression, name): &(String, String)| format!("{expression} AS {name}");
        let columns: Vec<_> = self.inner.iter().map(column).collect();
        match columns.is_empty() {
            true => format!("SELECT 1 AS one {from}"),
            false => format!("SELECT {} {from}", columns.join(", ")),
        }
    }

    fn finish(
        self,
        outer: &[String],
        measures: Vec<(usize, usize)>,
        further: Option<&str>,
    ) -> Statement {
        let source = |condition: Option<&str>| {
            let from = self.from(condition);
            match self.flat {
                true => from,
                false => format!("FROM ({}) AS q", self.rows(&from)),
            }
        };
        let selects: Vec<String> = match &self.periods {
            Periods::Apart(conditions) => conditions
                .iter()
                .enumerate()
                .map(|(period, condition)| {
                    self.select(outer, &source(Some(condition)), further, Some(period))
                })
                .collect(),
            _ => vec![self.select(outer, &source(None), further, None)],
        };
        let most_values = self.query.most_values.unwrap_or(MOST_VALUES);
        let limit = match further {
            Some(_) => format!(" LIMIT {}", most_values.saturating_add(1)),
            None => String::new(),
        };
        self.statement(selects.join(" UNION ALL ") + &limit, measures)
    }

    /// Groups of rows with their aggregates, perhaps of one sub-period.
    fn select(
        &self,
        outer: &[String],
        source: &str,
        further: Option<&str>,
        period: Option<usize>,
    ) -> String {
        let shown = self
            .groups
            .iter()
            .map(|(name, data_type)| self.text(*data_type, &self.named(name)));
        let period = period.map(|period| self.text(DataType::Integer, &period.to_string()));
        let columns: Vec<_> = shown
            .chain(period)
            .chain(outer.iter().cloned())
            .enumerate()
            .map(|(index, column)| format!("{column} AS c{index}"))
            .collect();
        let grouped = self.groups.iter().map(|(name, _)| self.named(name));
        let grouped: Vec<_> = grouped.chain(further.map(str::to_owned)).collect();
        let group = match grouped.is_empty() {
            true => String::new(),
            false => format!(" GROUP BY {}", grouped.join(", ")),
        };
        format!("SELECT {} {source}{group}", columns.join(", "))
    }

    fn statement(self, sql: String, measures: Vec<(usize, usize)>) -> Statement {
        let types = self.groups.iter().map(|(_, data_type)| *data_type);
        Statement {
            sql,
            columns: Columns {
                dimensions: types.take(self.query.dimensions.len()).collect(),
                bucket: !self.query.bounds.is_empty(),
                measures,
                most_values: self.query.most_values.unwrap_or(MOST_VALUES),
            },
            binds: self.scalars.binds,
        }
    }
}
