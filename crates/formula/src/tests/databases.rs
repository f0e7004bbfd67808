//! Both databases, as thin as can be: make a table, put rows into it, run a statement and read text.

use super::world::{Rows, ontology};
use crate::{
    DataType, Definition, Entity, Plan, Value, calendar,
    sql::{Bind, Dialect, Group, Query, Statement, Table, write, write_fast},
};
use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    backend::Backend,
    deserialize::{self, FromSql},
    row::{Field, NamedRow},
    sql_query,
    sql_types::{BigInt, Double, Nullable, Text},
};
use std::collections::BTreeMap;

struct Texts(Vec<Option<String>>);

impl<DB: Backend> QueryableByName<DB> for Texts
where
    Option<String>: FromSql<Nullable<Text>, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        let cell = |at| {
            let field = diesel::row::Row::get(row, at).expect("a field");
            <Option<String> as FromSql<Nullable<Text>, DB>>::from_nullable_sql(field.value())
        };
        (0..row.field_count())
            .map(cell)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

pub(super) enum Database {
    Sqlite(SqliteConnection),
    Postgres(Box<PgConnection>),
}

macro_rules! run {
    ($connection:expr, $statement:expr) => {{
        let mut query = sql_query(&$statement.sql).into_boxed();
        for bind in &$statement.binds {
            query = match bind {
                Bind::Int(n) => query.bind::<BigInt, _>(*n),
                Bind::Real(x) => query.bind::<Double, _>(*x),
                Bind::Text(text) => query.bind::<Text, _>(text.clone()),
            };
        }
        let rows: Result<Vec<Texts>, _> = query.load($connection);
        rows.map(|rows| rows.into_iter().map(|row| row.0).collect::<Vec<_>>())
            .map_err(|e| e.to_string())
    }};
}

impl Database {
    pub(super) fn all() -> Vec<Self> {
        let sqlite = SqliteConnection::establish(":memory:").unwrap();
        let mut all = vec![Self::Sqlite(sqlite)];
        #[expect(clippy::disallowed_methods, reason = "the test's own setting")]
        if let Ok(url) = std::env::var("TESSERA_TEST_POSTGRES_URL") {
            all.push(Self::Postgres(Box::new(
                PgConnection::establish(&url).unwrap(),
            )));
        }
        all
    }

    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    fn execute(&mut self, sql: &str) {
        match self {
            Self::Sqlite(c) => sql_query(sql)
                .execute(c)
                .unwrap_or_else(|e| panic!("{e}: {sql}")),
            Self::Postgres(c) => sql_query(sql)
                .execute(c.as_mut())
                .unwrap_or_else(|e| panic!("{e}: {sql}")),
        };
    }

    pub(super) fn run(
        &mut self,
        statement: &Statement,
    ) -> Result<Vec<Vec<Option<String>>>, String> {
        match self {
            Self::Sqlite(c) => run!(c, statement),
            Self::Postgres(c) => run!(c.as_mut(), statement),
        }
    }

    /// Tables that live as long as the connection, with these rows and no others.
    pub(super) fn fill(&mut self, rows: &Rows) {
        let ontology = ontology();
        for code in ontology.codes() {
            let entity = ontology.entity(code).unwrap();
            self.create(entity);
            for chunk in rows.get(code).map_or(&[][..], Vec::as_slice).chunks(200) {
                let tuples: Vec<_> = chunk
                    .iter()
                    .map(|row| {
                        let cells = entity
                            .attributes
                            .iter()
                            .map(|a| cell(self.dialect(), row.values.get(&a.code), a.data_type));
                        let id = match self.dialect() {
                            Dialect::Sqlite => format!("x'{}'", row.id),
                            Dialect::Postgres => format!("'{}'::uuid", row.id),
                        };
                        format!("({id}, {})", cells.collect::<Vec<_>>().join(", "))
                    })
                    .collect();
                self.execute(&format!(
                    "INSERT INTO {} VALUES {}",
                    quoted(&entity.table),
                    tuples.join(", ")
                ));
            }
        }
    }

    fn create(&mut self, entity: &Entity) {
        let sqlite = self.dialect() == Dialect::Sqlite;
        let column = |data_type| match (data_type, sqlite) {
            (DataType::Double, true) => "REAL",
            (DataType::String | DataType::Date, true) => "TEXT",
            (_, true) => "INTEGER",
            (DataType::String, false) => "text",
            (DataType::Double, false) => "double precision",
            (DataType::Boolean, false) => "boolean",
            (DataType::Date, false) => "date",
            (DataType::Timestamp, false) => "timestamptz",
            (_, false) => "bigint",
        };
        let columns: Vec<_> = entity
            .attributes
            .iter()
            .map(|a| format!("{} {}", quoted(&a.column), column(a.data_type)))
            .collect();
        let table = quoted(&entity.table);
        let (id, strict) = if sqlite {
            ("BLOB", "STRICT")
        } else {
            ("uuid", "")
        };
        self.execute(&format!("DROP TABLE IF EXISTS {table}"));
        self.execute(&format!(
            "CREATE TEMP TABLE {table} (_id {id} PRIMARY KEY, {}) {strict}",
            columns.join(", ")
        ));
    }

    /// The answers of `plan`, every fragment run on the database.
    pub(super) fn answers(
        &mut self,
        plan: &Plan,
        query: &Query,
    ) -> Result<BTreeMap<Group, Value>, String> {
        let ontology = ontology();
        let mut table = Table::new(plan);
        for fragment in &plan.fragments {
            let entity = ontology.entity(&fragment.entity).unwrap();
            let statement =
                write(plan, fragment, entity, query, self.dialect()).map_err(|e| e.to_string())?;
            let rows = self
                .run(&statement)
                .map_err(|e| format!("{e}: {}", statement.sql))?;
            table.add(&statement, &rows).map_err(|e| e.to_string())?;
            self.same_fast(plan, fragment, query, &statement, &rows)?;
        }
        if table.groups().next().is_none() && query.dimensions.is_empty() {
            let empty = plan.evaluate(&plan.empty()).map_err(|e| e.to_string())?;
            return Ok(BTreeMap::from([((Vec::new(), None), empty)]));
        }
        table.answers().map_err(|e| e.to_string())
    }

    /// The fast statement says the same, or that a number does not fit.
    fn same_fast(
        &mut self,
        plan: &Plan,
        fragment: &crate::Fragment,
        query: &Query,
        wide: &Statement,
        expected: &[Vec<Option<String>>],
    ) -> Result<(), String> {
        let ontology = ontology();
        let entity = ontology.entity(&fragment.entity).unwrap();
        let fast = write_fast(plan, fragment, entity, query, self.dialect());
        let Some(fast) = fast.map_err(|e| e.to_string())? else {
            return Ok(());
        };
        match self.run(&fast) {
            Ok(rows) => {
                let states = |statement, rows: &[_]| {
                    let mut table = Table::new(plan);
                    table.add(statement, rows).map_err(|e| e.to_string())?;
                    Ok::<_, String>(
                        table
                            .groups()
                            .map(|(g, s)| (g.clone(), s.to_vec()))
                            .collect::<Vec<_>>(),
                    )
                };
                let (fast, wide) = (states(&fast, &rows)?, states(wide, expected)?);
                if fast != wide {
                    return Err(format!("fast {fast:?} and wide {wide:?}"));
                }
                Ok(())
            }
            Err(text) if text.contains("integer overflow") => Ok(()),
            Err(text) => Err(text),
        }
    }

    pub(super) fn answer(&mut self, plan: &Plan, query: &Query) -> Result<Value, String> {
        Ok(self
            .answers(plan, query)?
            .into_values()
            .next()
            .expect("one group"))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn cell(dialect: Dialect, value: Option<&Value>, data_type: DataType) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
    match (value, dialect) {
        (None | Some(Value::Null(_)), _) => "NULL".to_owned(),
        (Some(Value::Number(number)), _) => number.digits(data_type.scale()).unwrap().to_string(),
        (Some(Value::Real(real)), _) => format!("{real:?}"),
        (Some(Value::Text(text) | Value::Uuid(text)), _) => quote(text),
        (Some(Value::Boolean(value)), Dialect::Sqlite) => i32::from(*value).to_string(),
        (Some(Value::Boolean(value)), Dialect::Postgres) => value.to_string(),
        (Some(Value::Date(days)), _) => quote(&calendar::date_text(*days)),
        (Some(Value::Timestamp(micros)), Dialect::Sqlite) => micros.to_string(),
        (Some(Value::Timestamp(micros)), Dialect::Postgres) => {
            quote(&calendar::timestamp_text(*micros))
        }
    }
}

pub(super) fn planned(formula: &str) -> Plan {
    let definition = Definition::new(formula);
    crate::plan(&ontology(), &super::world::metrics(), &definition)
        .unwrap_or_else(|problems| panic!("{formula}: {problems}"))
}
