//! Tables of calculation, in the types that both databases share.

diesel::table! {
    use diesel::sql_types::*;
    /// Results as they were published.
    publications (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        metric -> Text,
        metric_version -> BigInt,
        question -> Binary,
        explanation -> Binary,
        unit -> Text,
        format -> Text,
        value_type -> Text,
        row_count -> Integer,
        actor -> Text,
        operation -> Nullable<value::sql::Id>,
        as_of_at -> value::sql::Time,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// Which entities a publication read.
    publication_entities (publication, entity) {
        tenant -> value::sql::Id,
        publication -> value::sql::Id,
        entity -> Text,
        created_at -> value::sql::Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// The rows of publications.
    metric_history (publication, ordinal) {
        publication -> value::sql::Id,
        ordinal -> Integer,
        tenant -> value::sql::Id,
        metric -> Text,
        metric_version -> BigInt,
        period_start -> Text,
        period_end -> Text,
        dimensions -> value::sql::Json,
        value_text -> Nullable<Text>,
        value_number -> Nullable<Double>,
        exactness -> Text,
        fraction -> Text,
        missing -> Text,
        level -> Text,
        as_of_at -> value::sql::Time,
        created_at -> value::sql::Time,
    }
}

diesel::allow_tables_to_appear_in_same_query!(publications, publication_entities, metric_history);
