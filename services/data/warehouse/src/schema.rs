//! Tables of warehouse in zone 1, in the types that both databases share. Those of zone 2 have no fixed columns.

diesel::table! {
    use diesel::sql_types::*;
    /// The tables of zone 2.
    tables (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        entity -> Text,
        entity_id -> value::sql::Id,
        kind -> Text,
        entity_version -> BigInt,
        seen_version -> BigInt,
        generation -> Integer,
        name -> Text,
        layout -> value::sql::Json,
        chunk_interval -> Nullable<Text>,
        state -> Text,
        problems -> value::sql::Json,
        rows -> BigInt,
        data_version -> BigInt,
        version -> BigInt,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
        damage -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// How many rows each span of time has.
    chunks (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        table_id -> value::sql::Id,
        start_at -> value::sql::Time,
        end_at -> value::sql::Time,
        rows -> BigInt,
        data_version -> BigInt,
        version -> BigInt,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// What was found wrong with tables.
    drifts (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        table_id -> value::sql::Id,
        entity -> Text,
        attribute -> Text,
        kind -> Text,
        description -> Text,
        statements -> value::sql::Json,
        state -> Text,
        loss -> Text,
        actor -> Text,
        version -> BigInt,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
        repaired_at -> Nullable<value::sql::Time>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// PostgreSQL's own: which table is a part of which.
    pg_catalog.pg_inherits (inhrelid) {
        inhrelid -> Oid,
        inhparent -> Oid,
    }
}

diesel::allow_tables_to_appear_in_same_query!(tables, chunks, pg_inherits);
