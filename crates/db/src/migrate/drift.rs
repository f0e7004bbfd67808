//! What a database's tables are made of, and where two differ.

use std::collections::BTreeMap;
use std::fmt;

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::conn::Conn;
use crate::error::Failure;

/// One thing that differs between the live tables and what their migrations make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// What of it, such as `column amount` or `index orders_created`.
    pub part: String,
    /// As it is; `None`: it is missing.
    pub live: Option<String>,
    /// As it should be; `None`: nothing makes it.
    pub expected: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}, {}: ", self.table, self.part)?;
        match (&self.live, &self.expected) {
            (Some(live), Some(expected)) => write!(f, "is `{live}`, should be `{expected}`"),
            (Some(live), None) => write!(f, "is `{live}`, but no migration makes it"),
            (None, Some(expected)) => write!(f, "is missing, should be `{expected}`"),
            (None, None) => f.write_str("agrees"),
        }
    }
}

#[derive(QueryableByName)]
struct Object {
    #[diesel(sql_type = Text)]
    owner: String,
    #[diesel(sql_type = Text)]
    part: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

pub(super) type Objects = BTreeMap<(String, String), String>;

const SQLITE: &str = "
    SELECT m.name AS owner, 'column ' || c.name AS part,
           c.type || iif(c.\"notnull\", ' not null', '') || iif(c.pk > 0, ' key ' || c.pk, '')
           || coalesce(' default ' || c.dflt_value, '') || iif(c.hidden > 0, ' hidden ' || c.hidden, '') AS definition
      FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    UNION ALL
    -- What no pragma tells: CHECK clauses, STRICT, collations, generated columns.
    SELECT name, 'definition', sql
      FROM sqlite_schema
     WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql IS NOT NULL
    UNION ALL
    SELECT tbl_name, type || ' ' || name, coalesce(sql, '')
      FROM sqlite_schema
     WHERE type <> 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    UNION ALL
    SELECT m.name, 'foreign key ' || f.\"from\", f.\"table\" || '.' || coalesce(f.\"to\", 'key') || ' on delete ' || f.on_delete
      FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
     WHERE m.type = 'table'
    UNION ALL
    SELECT m.name, 'unique ' || i.name, group_concat(x.name)
      FROM sqlite_schema m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) x
     WHERE m.type = 'table' AND i.\"unique\" GROUP BY m.name, i.name";

const POSTGRES: &str = "
    SELECT c.relname::text AS owner, 'column ' || a.attname AS part,
           format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
           || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') AS definition
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
       AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT tablename::text, 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = $1
    UNION ALL
    SELECT c.relname::text, 'constraint ' || k.conname, pg_get_constraintdef(k.oid)
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.connamespace = $1::regnamespace
    UNION ALL
    SELECT c.relname::text, 'trigger ' || t.tgname, pg_get_triggerdef(t.oid)
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT tablename::text, 'policy ' || policyname,
           cmd || ' to ' || array_to_string(roles, ',') || coalesce(' using ' || qual, '') || coalesce(' check ' || with_check, '')
      FROM pg_policies WHERE schemaname = $1
    UNION ALL
    SELECT relname::text, 'row-level security',
           CASE WHEN relforcerowsecurity AND relrowsecurity THEN 'forced' WHEN relrowsecurity THEN 'on' ELSE 'off' END
      FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p')";

/// Everything the tables of a schema are made of.
pub(super) fn objects(conn: &mut Conn, schema: &str) -> Result<Objects, Failure> {
    let rows: Vec<Object> = match conn {
        Conn::Sqlite(conn) => diesel::sql_query(SQLITE).load(conn)?,
        Conn::Pg(conn) => diesel::sql_query(POSTGRES)
            .bind::<Text, _>(schema)
            .load(conn)?,
    };
    // A definition may name its schema, which differs by nature.
    let own = format!("{schema}.");
    let plain = |definition: String| match conn {
        Conn::Pg(_) => definition.replace(&own, ""),
        Conn::Sqlite(_) => plain_sql(&definition),
    };
    Ok(rows
        .into_iter()
        .map(|row| ((row.owner, row.part), plain(row.definition)))
        .collect())
}

/// SQLite keeps a statement as it was written. Here it loses what means nothing: comments, the case of
/// words, and space that parts no two words. Quoted text stays as it is.
fn plain_sql(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut space = false;
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(inside) = rest.strip_prefix("/*") {
            inside.find("*/").map_or(rest.len(), |at| at + 4)
        } else if first.is_whitespace() {
            first.len_utf8()
        } else {
            0
        };
        if skipped > 0 {
            space = true;
            rest = &rest[skipped..];
            continue;
        }
        let taken = match first {
            '\'' | '"' | '`' => rest[1..].find(first).map_or(rest.len(), |at| at + 2),
            _ => first.len_utf8(),
        };
        let joins = |c: char| matches!(c, '(' | ')' | ',');
        if space && !joins(first) && out.chars().last().is_some_and(|last| !joins(last)) {
            out.push(' ');
        }
        space = false;
        if taken > first.len_utf8() {
            out.push_str(&rest[..taken]);
        } else {
            out.extend(first.to_lowercase());
        }
        rest = &rest[taken..];
    }
    out
}

/// Where `live` is not as `fresh`, by table and part.
pub(super) fn compare(live: &Objects, fresh: &Objects) -> Vec<Difference> {
    let keys: std::collections::BTreeSet<_> = live.keys().chain(fresh.keys()).collect();
    keys.into_iter()
        .filter(|key| live.get(*key) != fresh.get(*key))
        .map(|key| Difference {
            table: key.0.clone(),
            part: key.1.clone(),
            live: live.get(key).cloned(),
            expected: fresh.get(key).cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::plain_sql;

    #[test]
    fn only_what_means_something_is_compared() {
        let plain =
            plain_sql("CREATE TABLE t (a TEXT, b INTEGER CHECK (b IN ('X y', 'z'))) STRICT");
        assert_eq!(
            plain,
            "create table t(a text,b integer check(b in('X y','z')))strict"
        );
        let same = "create  table t -- the table\n ( a TEXT , /* b */ b INTEGER CHECK(b in ('X y','z')) )\nSTRICT";
        assert_eq!(plain_sql(same), plain);
        for other in [
            "CREATE TABLE t (a TEXT, b INTEGER CHECK (b IN ('x y', 'z'))) STRICT",
            "CREATE TABLE t (a TEXT, b INTEGER CHECK (b IN ('X y', 'z')))",
            "CREATE TABLE t (a TEXT, b INTEGER) STRICT",
            "CREATE TABLE t (a TEXT, b INTEGER CHECK (b IN ('X  y', 'z'))) STRICT",
        ] {
            assert_ne!(plain_sql(other), plain, "{other}");
        }
        assert_eq!(plain_sql("a 'open -- é"), "a 'open -- é");
        assert_eq!(plain_sql("a /* open"), "a");
    }
}
