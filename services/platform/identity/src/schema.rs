//! Tables, in types both databases share; `migrations/identity` makes them.
#![allow(missing_docs, reason = "the migrations document the tables")]

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    tenants (id) {
        id -> Id,
        tenant -> Id,
        slug -> Text,
        display_name -> Text,
        disabled_at -> Nullable<Time>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    users (id) {
        id -> Id,
        tenant -> Id,
        email -> Text,
        display_name -> Text,
        name_key -> Text,
        title -> Text,
        department -> Text,
        phone -> Text,
        locale -> Text,
        time_zone -> Text,
        disabled_at -> Nullable<Time>,
        deleted_at -> Nullable<Time>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    credentials (id) {
        id -> Id,
        tenant -> Id,
        password_hash -> Nullable<Text>,
        must_change -> Bool,
        changed_at -> Nullable<Time>,
        last_sign_in_at -> Nullable<Time>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    sign_in_failures (id) {
        id -> Binary,
        tenant -> Id,
        failures -> Integer,
        last_failure_at -> Time,
        locked_until -> Nullable<Time>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    groups (id) {
        id -> Id,
        tenant -> Id,
        name -> Text,
        name_key -> Text,
        description -> Text,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    group_members (group_id, user_id) {
        group_id -> Id,
        user_id -> Id,
        tenant -> Id,
        created_at -> Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    role_assignments (id) {
        id -> Id,
        tenant -> Id,
        subject_kind -> Text,
        subject_id -> Id,
        role -> Text,
        created_by -> Text,
        created_at -> Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    row_filters (id) {
        id -> Id,
        tenant -> Id,
        name -> Text,
        description -> Text,
        subject_kind -> Nullable<Text>,
        subject_id -> Nullable<Id>,
        role -> Nullable<Text>,
        entity -> Text,
        condition -> Text,
        created_by -> Text,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    service_principals (id) {
        id -> Id,
        tenant -> Id,
        name -> Text,
        name_key -> Text,
        description -> Text,
        disabled_at -> Nullable<Time>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Json, Time};

    api_tokens (id) {
        id -> Id,
        tenant -> Id,
        principal_id -> Id,
        name -> Text,
        secret_hash -> Binary,
        permissions -> Json,
        expires_at -> Nullable<Time>,
        last_used_at -> Nullable<Time>,
        revoked_at -> Nullable<Time>,
        created_by -> Text,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
        parent_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    sessions (id) {
        id -> Id,
        tenant -> Id,
        user_id -> Id,
        refreshed_at -> Time,
        expires_at -> Time,
        revoked_at -> Nullable<Time>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    refresh_tokens (id) {
        id -> Binary,
        tenant -> Id,
        session_id -> Id,
        expires_at -> Time,
        used_at -> Nullable<Time>,
        created_at -> Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    signing_keys (id) {
        id -> Id,
        tenant -> Id,
        kid -> Text,
        public_key -> Binary,
        sealed_private_key -> Binary,
        activates_at -> Time,
        expires_at -> Nullable<Time>,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use value::sql::{Id, Time};

    policy_versions (tenant) {
        tenant -> Id,
        created_at -> Time,
        updated_at -> Time,
        version -> BigInt,
    }
}

diesel::joinable!(group_members -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(group_members, users);
diesel::allow_tables_to_appear_in_same_query!(group_members, groups);
