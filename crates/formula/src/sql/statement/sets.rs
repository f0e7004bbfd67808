//! Statements over two snapshots: how many members there are at both ends of a period, and which.

use super::Writer;
use crate::{
    Binary, Code, DataType, Literal, TypedNode,
    check::boolean,
    sql::{Columns, Dialect, Refused, Statement, refuse},
    typed::Typed,
};

impl Writer<'_> {
    /// Members at the ends of the period: |S|, |E| and |S ∩ E| of each group, in one pass over two snapshots.
    pub(in crate::sql) fn set(mut self) -> Result<Statement, Refused> {
        let index = self.fragment.measures[0];
        if !self.query.bounds.is_empty() {
            return refuse(
                Code::Unsupported,
                "a set has two snapshots and no sub-periods; ask for each period",
            );
        }
        let members = self.members(None)?;
        let outer =
            ["sum(q.s)", "sum(q.e)", "sum(q.s * q.e)"].map(|sum| self.text(DataType::Integer, sum));
        let sql = self.select(&outer, &format!("FROM ({members}) AS q"), None, None);
        Ok(self.statement(sql, vec![(index, 3)]))
    }

    /// A row for each member of a group, `k`, and whether it is there at the start, `s`, and at the end, `e`; those after `after` alone.
    fn members(&mut self, after: Option<&Literal>) -> Result<String, Refused> {
        let index = self.fragment.measures[0];
        let Some((start, end)) = self.query.period else {
            return refuse(
                Code::Arguments,
                "a set needs the snapshots at the start and at the end",
            );
        };
        let Some(member) = &self.plan.measures[index].argument else {
            return refuse(Code::Arguments, "a set has members");
        };
        self.begin()?;
        if let Some(after) = after {
            let after = Typed::new(member.data_type, None, TypedNode::Literal(after.clone()));
            let node =
                TypedNode::Binary(Binary::Greater, Box::new(member.clone()), Box::new(after));
            let condition = self.scalars.expression(&boolean(node))?;
            self.conditions.push(condition);
        }
        let member = self.scalars.used(member)?;
        let time = self.scalars.column(&self.time()?.code)?;
        let (start, end) = (self.moment(start)?, self.moment(end)?);
        self.conditions.push(format!("{time} IN ({start}, {end})"));
        self.conditions.push(format!("{member} IS NOT NULL"));
        self.name(member, "k");
        for (moment, name) in [(&start, "s"), (&end, "e")] {
            self.name(
                format!("CASE WHEN {time} = {moment} THEN 1 ELSE 0 END"),
                name,
            );
        }
        let mut keys: Vec<_> = self
            .groups
            .iter()
            .map(|(name, _)| format!("p.{name}"))
            .collect();
        keys.push("p.k".to_owned());
        let rows = self.rows(&self.from(None));
        Ok(format!(
            "SELECT {}, max(p.s) AS s, max(p.e) AS e FROM ({rows}) AS p GROUP BY {}",
            keys.join(", "),
            keys.join(", ")
        ))
    }

    /// The members for which `holds` of `s` and `e`: a page of them in their order, or, without a `limit`, how many.
    pub(in crate::sql) fn listed(
        mut self,
        holds: &str,
        after: Option<&Literal>,
        limit: Option<usize>,
    ) -> Result<Statement, Refused> {
        let index = self.fragment.measures[0];
        let data_type = self.plan.measures[index]
            .argument
            .as_ref()
            .map_or(DataType::Null, |member| member.data_type);
        let members = self.members(after)?;
        let from = format!("FROM ({members}) AS q WHERE {holds}");
        let collate = match (data_type, self.scalars.dialect) {
            (DataType::String, Dialect::Postgres) => " COLLATE \"C\"",
            _ => "",
        };
        let (sql, data_type) = match limit {
            Some(limit) => {
                let member = self.text(data_type, "q.k");
                let sql =
                    format!("SELECT {member} AS c0 {from} ORDER BY q.k{collate} LIMIT {limit}");
                (sql, data_type)
            }
            None => {
                let count = self.text(DataType::Integer, "count(*)");
                (format!("SELECT {count} AS c0 {from}"), DataType::Integer)
            }
        };
        Ok(Statement {
            sql,
            binds: self.scalars.binds,
            columns: Columns {
                dimensions: vec![data_type],
                bucket: false,
                measures: Vec::new(),
                most_values: usize::MAX,
            },
        })
    }
}
