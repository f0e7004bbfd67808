//! The SQL of migrations as text, made without a connection.

use std::any::Any;
use std::fmt::Write as _;

use diesel::connection::{BoxableConnection, SimpleConnection};
use diesel::migration::Migration;
use error::{Error, Result};

use super::{Migrations, source};
use crate::url::Backend;

/// A connection that writes down what it is told to run.
struct Recorder(String);

impl SimpleConnection for Recorder {
    fn batch_execute(&mut self, query: &str) -> diesel::QueryResult<()> {
        self.0.push_str(query);
        Ok(())
    }
}

impl BoxableConnection<diesel::pg::Pg> for Recorder {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// The SQL that brings a database from version `from` (as `status` names it; `None`: nothing applied)
/// to the newest, with the rows that record it. For PostgreSQL it names `schema`.
pub fn script(
    migrations: &Migrations,
    backend: Backend,
    schema: &str,
    from: Option<&str>,
) -> Result<String> {
    // Which backend the list is typed with does not matter: the text was chosen by `backend`.
    let list = source::list::<diesel::pg::Pg>(migrations, backend)?;
    let start = match from {
        None => 0,
        Some(from) => {
            let at = list
                .iter()
                .position(|migration| migration.version() == from);
            1 + at.ok_or_else(|| Error::not_found("migration", from))?
        }
    };
    let mut sql = format!("-- Migrations of {}.\n", migrations.service);
    if backend == Backend::Postgres {
        let schema = crate::schema::schema_name("", schema)?;
        let _ = writeln!(
            sql,
            "CREATE SCHEMA IF NOT EXISTS \"{schema}\";\nSET search_path TO \"{schema}\";\n\
             SET tessera.tenant TO '*';"
        );
        if !migrations.zone.is_empty() {
            let own = migrations.service.replace('-', "_");
            let prefix = schema.strip_suffix(&own).unwrap_or_default();
            let zone = crate::schema::schema_name(prefix, migrations.zone)?;
            let _ = writeln!(sql, "CREATE SCHEMA IF NOT EXISTS \"{zone}\";");
        }
    }
    sql.push_str(
        "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\n    \
         version VARCHAR(50) PRIMARY KEY NOT NULL,\n    \
         run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP\n);\n",
    );
    for migration in &list[start..] {
        let version = migration.version();
        let mut recorder = Recorder(String::new());
        migration.run(&mut recorder).map_err(Error::internal)?;
        let alone = !migration.metadata().run_in_transaction();
        let (begin, commit) = if alone {
            ("", "")
        } else {
            ("BEGIN;\n", "COMMIT;\n")
        };
        let _ = write!(
            sql,
            "\n-- {version}\n{begin}{}\n\
             INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}');\n{commit}",
            recorder.0.trim_end()
        );
    }
    Ok(sql)
}
