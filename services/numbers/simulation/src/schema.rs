//! Tables of simulation, in the types that both databases share.

diesel::table! {
    use diesel::sql_types::*;
    /// Runs of scenarios.
    runs (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        scenario -> Text,
        seed -> BigInt,
        parameters -> value::sql::Json,
        start_day -> Integer,
        end_day -> Integer,
        step -> Text,
        metrics -> value::sql::Json,
        targets -> value::sql::Json,
        batch_rows -> Integer,
        rows_total -> BigInt,
        state -> Text,
        rows_written -> BigInt,
        message -> Text,
        error -> Text,
        actor -> Text,
        cancel -> Bool,
        ended_at -> Nullable<value::sql::Time>,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
        version -> BigInt,
    }
}
