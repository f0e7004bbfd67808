//! Tables of metadata, in the types that both databases share.

diesel::table! {
    use diesel::sql_types::*;
    /// Definitions of every kind.
    definitions (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        kind -> Text,
        code -> Text,
        name_key -> Text,
        search -> Text,
        state -> Text,
        value_chain -> Text,
        module -> Text,
        document -> value::sql::Json,
        version -> BigInt,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
        deleted_at -> Nullable<value::sql::Time>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// Every version that a definition ever had.
    definition_versions (definition_id, version) {
        definition_id -> value::sql::Id,
        version -> BigInt,
        tenant -> value::sql::Id,
        action -> Text,
        actor -> Text,
        document -> value::sql::Json,
        created_at -> value::sql::Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// What live definitions refer to.
    definition_references (definition_id, path) {
        definition_id -> value::sql::Id,
        path -> Text,
        tenant -> value::sql::Id,
        from_kind -> Text,
        from_code -> Text,
        to_kind -> Text,
        to_code -> Text,
        to_part -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// The version of each tenant's ontology, and what its last check had seen.
    ontologies (tenant) {
        tenant -> value::sql::Id,
        version -> BigInt,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
        changes -> BigInt,
        checked_changes -> BigInt,
        checked_at -> Nullable<value::sql::Time>,
        references_format -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// What the background check found.
    consistency_findings (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        definition_id -> value::sql::Id,
        kind -> Text,
        code -> Text,
        name -> Text,
        field -> Text,
        reason -> Text,
        description -> Text,
        fingerprint -> Text,
        first_seen_at -> value::sql::Time,
        last_seen_at -> value::sql::Time,
        resolved_at -> Nullable<value::sql::Time>,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// Tags of definitions.
    definition_tags (definition_id, tag) {
        definition_id -> value::sql::Id,
        tag -> Text,
        tenant -> value::sql::Id,
    }
}

diesel::joinable!(definition_references -> definitions (definition_id));
diesel::allow_tables_to_appear_in_same_query!(definitions, definition_references, definition_tags);
