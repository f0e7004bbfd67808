//! Tables, in types both databases share; `migrations/messaging` makes them.
#![allow(missing_docs, reason = "the migrations document the tables")]

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Json, Time};

    subscriptions (id) {
        id -> Id,
        tenant -> Id,
        name -> Text,
        service -> Text,
        pattern -> Text,
        description -> Text,
        webhook_url -> Text,
        ack_wait_us -> BigInt,
        max_attempts -> BigInt,
        max_in_flight -> BigInt,
        sees_private -> BigInt,
        security_level -> Integer,
        state -> Json,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Json, Time};

    dead_letters (id) {
        id -> Id,
        tenant -> Id,
        subscription_id -> Id,
        position -> BigInt,
        attempts -> BigInt,
        security_level -> Integer,
        reason -> Text,
        body -> Binary,
        replayed_at -> Nullable<Time>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Json, Time};

    scheduled (id) {
        id -> Id,
        tenant -> Id,
        message_id -> Text,
        due_at -> Time,
        security_level -> Integer,
        body -> Binary,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Json, Time};

    commands (id) {
        id -> Id,
        tenant -> Id,
        #[sql_name = "type"]
        kind -> Text,
        state -> Text,
        position -> BigInt,
        result -> Nullable<Json>,
        error -> Text,
        correlation -> Text,
        actor -> Text,
        ended_at -> Nullable<Time>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Json, Time};

    topics (tenant, name) {
        tenant -> Id,
        name -> Text,
        messages -> BigInt,
        bytes -> BigInt,
        first_at -> Time,
        last_at -> Time,
        last_position -> BigInt,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Json, Time};

    progress (tenant, name) {
        tenant -> Id,
        name -> Text,
        position -> BigInt,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}
