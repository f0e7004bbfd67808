//! Tables, in types both databases share; `migrations/operations` makes them.
#![allow(missing_docs, reason = "the migrations document the tables")]

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    operations (id, service) {
        id -> Id,
        service -> Text,
        tenant -> Id,
        kind -> Text,
        state -> Text,
        security_level -> Integer,
        principal_id -> Nullable<Id>,
        parent_id -> Nullable<Id>,
        schedule_id -> Nullable<Id>,
        correlation_id -> Nullable<Text>,
        job -> Binary,
        created_at -> Time,
        updated_at -> Time,
        deleted_at -> Nullable<Time>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    operation_tags (operation_id, service, tag) {
        operation_id -> Id,
        service -> Text,
        tag -> Text,
        tenant -> Id,
        security_level -> Integer,
        state -> Text,
        created_at -> Time,
        updated_at -> Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    operation_kinds (tenant, service, kind) {
        tenant -> Id,
        service -> Text,
        kind -> Text,
        created_at -> Time,
        updated_at -> Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Json, Time};

    audit_entries (id) {
        id -> Id,
        tenant -> Id,
        operation_id -> Nullable<Id>,
        schedule_id -> Nullable<Id>,
        service -> Text,
        security_level -> Integer,
        actor -> Text,
        action -> Text,
        detail -> Json,
        outcome -> Text,
        failure -> Text,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(operations, operation_tags);
