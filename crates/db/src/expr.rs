//! SQL that Diesel's portable part lacks, under one name on both databases.

use diesel::Table;
use value::Decimal;

diesel::define_sql_function! {
    /// The exact sum of a decimal column; NULL over no rows.
    #[aggregate]
    fn decimal_sum(x: value::sql::Decimal) -> diesel::sql_types::Nullable<value::sql::Decimal>;
}

diesel::infix_operator!(
    JsonText,
    " ->> ",
    diesel::sql_types::Nullable<diesel::sql_types::Text>
);
diesel::infix_operator!(
    JsonPart,
    " -> ",
    diesel::sql_types::Nullable<value::sql::Json>
);
diesel::infix_operator!(DistinctFrom, " IS DISTINCT FROM ");
diesel::postfix_operator!(
    NullsLast,
    " NULLS LAST",
    diesel::expression::expression_types::NotSelectable
);

/// Looking into JSON columns. Compare text members only: SQLite gives numbers back as numbers.
pub trait JsonMethods: diesel::Expression + Sized {
    /// The member `key` as text.
    fn text_at(
        self,
        key: impl Into<String>,
    ) -> JsonText<Self, diesel::dsl::AsExprOf<String, diesel::sql_types::Text>> {
        JsonText::new(self, text(key.into()))
    }

    /// The member `key` as JSON.
    fn part_at(
        self,
        key: impl Into<String>,
    ) -> JsonPart<Self, diesel::dsl::AsExprOf<String, diesel::sql_types::Text>> {
        JsonPart::new(self, text(key.into()))
    }
}

fn text(key: String) -> diesel::dsl::AsExprOf<String, diesel::sql_types::Text> {
    diesel::IntoSql::into_sql::<diesel::sql_types::Text>(key)
}

impl<E: diesel::Expression> JsonMethods for E {}

/// How many columns a tuple of columns has.
pub trait Width {
    /// The number of columns.
    const WIDTH: usize;
}

macro_rules! widths {
    ($($name:ident)*) => { widths!(@ [] $($name)*); };
    (@ [$($done:ident)*]) => {};
    (@ [$($done:ident)*] $next:ident $($rest:ident)*) => {
        impl<$($done,)* $next> Width for ($($done,)* $next,) {
            const WIDTH: usize = 1 $(+ { let _ = stringify!($done); 1 })*;
        }
        widths!(@ [$($done)* $next] $($rest)*);
    };
}

widths!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z AA AB AC AD AE AF);

/// How many rows of `table` one insert may carry: SQLite allows 32,766 values a statement.
pub fn rows_per_insert<T: Table>(_table: &T) -> usize
where
    T::AllColumns: Width,
{
    32_000 / T::AllColumns::WIDTH
}

mod sqlite {
    // Diesel makes `register_impl` for its own SQL types only, hence this twin over text.
    diesel::define_sql_function! {
        #[aggregate]
        fn decimal_sum(x: diesel::sql_types::Text) -> diesel::sql_types::Nullable<diesel::sql_types::Text>;
    }
}

/// A running sum; a value that is no number makes the whole sum NULL rather than wrong.
#[derive(Default)]
struct DecimalSum(Option<Result<Decimal, value::ParseDecimalError>>);

impl diesel::sqlite::SqliteAggregateFunction<String> for DecimalSum {
    type Output = Option<String>;

    fn step(&mut self, text: String) {
        let sum = self.0.take().unwrap_or_else(|| Ok(Decimal::default()));
        self.0 = Some(sum.and_then(|sum| Ok(sum + text.parse()?)));
    }

    fn finalize(sum: Option<Self>) -> Option<String> {
        Some(sum?.0?.ok()?.to_string())
    }
}

/// Gives a SQLite connection our functions.
pub(crate) fn register(conn: &mut diesel::SqliteConnection) -> diesel::QueryResult<()> {
    sqlite::decimal_sum_utils::register_impl::<DecimalSum, _>(conn)
}
