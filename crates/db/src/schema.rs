//! The ground tables, and how a service's schema is called.

use error::{Error, Result};

diesel::table! {
    use diesel::sql_types::*;
    /// Events waiting for the relay.
    outbox (id) {
        id -> value::sql::Id,
        tenant -> value::sql::Id,
        topic -> Text,
        lane -> Text,
        version -> BigInt,
        payload -> Binary,
        created_at -> value::sql::Time,
        leased_until -> Nullable<value::sql::Time>,
        correlation -> Nullable<Text>,
        causation -> Nullable<Text>,
        due_at -> Nullable<value::sql::Time>,
        headers -> Nullable<value::sql::Json>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// What each consumer has applied.
    inbox (consumer, event_id) {
        consumer -> Text,
        event_id -> value::sql::Id,
        tenant -> value::sql::Id,
        received_at -> value::sql::Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// Answers given to requests with a request id.
    idempotency (tenant, rpc, principal, request_id) {
        tenant -> value::sql::Id,
        rpc -> Text,
        principal -> Text,
        request_id -> Text,
        body_hash -> Binary,
        response -> Binary,
        created_at -> value::sql::Time,
        expires_at -> value::sql::Time,
    }
}

/// The schema of a service. It is written into SQL, so it may hold nothing but plain characters.
pub(crate) fn schema_name(prefix: &str, service: &str) -> Result<String> {
    let name = format!("{prefix}{service}").replace('-', "_");
    let plain = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let led = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if !plain || !led || name.len() > 48 || name.starts_with("pg_") {
        return Err(Error::invalid_field(
            "storage.schema_prefix",
            "SCHEMA_NAME",
            format!(
                "`{name}` is no schema name: at most 48 of a-z, 0-9 and _, starting with a letter"
            ),
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::schema_name;

    #[test]
    fn schema_names_are_plain() {
        assert_eq!(schema_name("t1_", "metadata").unwrap(), "t1_metadata");
        for bad in ["", "1a", "a'b", "pg_x", "A", &"a".repeat(49)] {
            assert!(schema_name("", bad).is_err(), "{bad}");
        }
    }
}
