//! The statements that Diesel cannot write once for both databases, written once all the same.

/// The same statement, checked against each database's own connection.
///
/// ```ignore
/// db::on_each!(conn, c => diesel::insert_into(t::table).values(&rows).on_conflict_do_nothing().execute(c))?
/// ```
#[macro_export]
macro_rules! on_each {
    ($conn:expr, $c:ident => $body:expr) => {
        match &mut *$conn {
            $crate::Conn::Sqlite($c) => $body,
            $crate::Conn::Pg($c) => $body,
        }
    };
}

/// Inserts a slice of rows in as few statements as the databases allow; how many there were.
///
/// ```ignore
/// let count = db::insert_all!(conn, entities::table, &rows)?;
/// ```
#[macro_export]
macro_rules! insert_all {
    ($conn:expr, $table:path, $rows:expr) => {{
        #[allow(unused_imports)]
        use $crate::diesel::RunQueryDsl as _;
        $crate::macros_support::in_chunks(
            &mut *$conn,
            &$rows[..],
            $crate::expr::rows_per_insert(&$table),
            |conn, rows| {
                $crate::on_each!(conn, c => $crate::diesel::insert_into($table).values(rows).execute(c))
            },
        )
    }};
}

/// Inserts a slice of rows, and changes those that exist. Columns of the refused row are
/// `excluded(column)`; `filter` may name a condition on the existing row.
///
/// ```ignore
/// db::upsert!(conn, stock::table, &rows, on = stock::id, set = stock::count.eq(excluded(stock::count)))?;
/// ```
#[macro_export]
macro_rules! upsert {
    ($conn:expr, $table:path, $rows:expr, on = $target:expr, set = $set:expr $(, filter = $filter:expr)?) => {{
        #[allow(unused_imports)]
        use $crate::diesel::{RunQueryDsl as _, query_dsl::methods::FilterDsl as _};
        $crate::macros_support::in_chunks(
            &mut *$conn,
            &$rows[..],
            $crate::expr::rows_per_insert(&$table),
            |conn, rows| match conn {
                // Diesel cannot say a conditional upsert of several rows for SQLite; a loop of
                // cached statements in one transaction is about as fast there.
                $crate::Conn::Sqlite(c) => {
                    let mut count = 0;
                    for row in rows {
                        count += $crate::diesel::insert_into($table)
                            .values(row)
                            .on_conflict($target)
                            .do_update()
                            .set($set)
                            $(.filter($filter))?
                            .execute(c)?;
                    }
                    Ok(count)
                }
                $crate::Conn::Pg(c) => $crate::diesel::insert_into($table)
                    .values(rows)
                    .on_conflict($target)
                    .do_update()
                    .set($set)
                    $(.filter($filter))?
                    .execute(c),
            },
        )
    }};
}

/// Loads rows and locks them, leaving out those that another transaction holds. Use it inside
/// `Db::claim`, with a limit.
///
/// ```ignore
/// let ids: Vec<Id> = db::claim!(conn, jobs::table.filter(jobs::state.eq("ready")).limit(10).select(jobs::id))?;
/// ```
#[macro_export]
macro_rules! claim {
    ($conn:expr, $query:expr) => {{
        #[allow(unused_imports)]
        use $crate::diesel::{QueryDsl as _, RunQueryDsl as _};
        match &mut *$conn {
            // SQLite has one writer: whoever is here holds every row.
            $crate::Conn::Sqlite(c) => $query.load(c),
            $crate::Conn::Pg(c) => $query.for_update().skip_locked().load(c),
        }
    }};
}

/// Both dialects of a service's migrations.
///
/// ```ignore
/// pub static MIGRATIONS: db::Migrations = db::migrations!(
///     "metadata",
///     sqlite = "../../../migrations/metadata/sqlite",
///     postgres = "../../../migrations/metadata/postgres"
/// );
/// ```
///
/// `zone = "name"` gives the service a place besides for tables that it makes itself while it runs: see [`Db::zone`](crate::Db::zone).
///
/// `db::migrations!("calculation")` is for a service without tables of its own: it has the ground's alone.
#[macro_export]
macro_rules! migrations {
    ($service:expr) => {
        $crate::Migrations {
            service: $service,
            sqlite: $crate::diesel_migrations::EmbeddedMigrations::new(&[]),
            postgres: $crate::diesel_migrations::EmbeddedMigrations::new(&[]),
            zone: "",
        }
    };
    ($service:expr, sqlite = $sqlite:literal, postgres = $postgres:literal $(, zone = $zone:literal)?) => {{
        // The embedding macro names this crate by its own name.
        use $crate::diesel_migrations;
        $crate::Migrations {
            service: $service,
            sqlite: diesel_migrations::embed_migrations!($sqlite),
            postgres: diesel_migrations::embed_migrations!($postgres),
            zone: [$($zone,)? ""][0],
        }
    }};
}

/// An enum kept as text: a column type of `Text` on both databases.
///
/// ```ignore
/// db::text_enum! {
///     /// Where a job stands.
///     pub enum JobState { Ready = "ready", Done = "done" }
/// }
/// ```
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::diesel::expression::AsExpression, $crate::diesel::deserialize::FromSqlRow
        )]
        #[diesel(sql_type = $crate::diesel::sql_types::Text)]
        $vis enum $name { $($(#[$vmeta])* #[doc = concat!("`", $text, "`")] $variant),+ }

        #[allow(dead_code)]
        impl $name {
            /// Every value, in order.
            $vis const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The text that is kept.
            $vis const fn as_str(&self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// Reads a request's field; an unknown value is a violation of that field.
            $vis fn parse_field(field: &str, text: &str) -> ::std::result::Result<Self, $crate::macros_support::Error> {
                text.parse().map_err(|_| $crate::macros_support::unknown_value(field, text, &[$($text),+]))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::string::String;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                match text {
                    $($text => Ok($name::$variant),)+
                    _ => Err(::std::format!(concat!("`{}` is no ", stringify!($name)), text)),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<DB> $crate::diesel::serialize::ToSql<$crate::diesel::sql_types::Text, DB> for $name
        where
            DB: $crate::diesel::backend::Backend,
            str: $crate::diesel::serialize::ToSql<$crate::diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut $crate::diesel::serialize::Output<'b, '_, DB>,
            ) -> $crate::diesel::serialize::Result {
                <str as $crate::diesel::serialize::ToSql<$crate::diesel::sql_types::Text, DB>>::to_sql(self.as_str(), out)
            }
        }

        impl<DB> $crate::diesel::deserialize::FromSql<$crate::diesel::sql_types::Text, DB> for $name
        where
            DB: $crate::diesel::backend::Backend,
            ::std::string::String: $crate::diesel::deserialize::FromSql<$crate::diesel::sql_types::Text, DB>,
        {
            fn from_sql(raw: DB::RawValue<'_>) -> $crate::diesel::deserialize::Result<Self> {
                let text = <::std::string::String as $crate::diesel::deserialize::FromSql<
                    $crate::diesel::sql_types::Text, DB,
                >>::from_sql(raw)?;
                Ok(text.parse::<Self>()?)
            }
        }
    };
}
