//! The tables of jobs, in the types that both databases share.

diesel::table! {
    use diesel::sql_types::*;
    /// Durable work.
    jobs (tenant, id) {
        tenant -> value::sql::Id,
        id -> value::sql::Id,
        kind -> Text,
        state -> Text,
        priority -> Integer,
        title -> Text,
        input -> value::sql::Json,
        output -> Nullable<value::sql::Json>,
        error -> Nullable<value::sql::Json>,
        progress -> value::sql::Json,
        origin -> value::sql::Json,
        security_level -> Integer,
        parent_id -> Nullable<value::sql::Id>,
        parent_seq -> Nullable<BigInt>,
        dedupe -> Nullable<Text>,
        concurrency_key -> Text,
        wait -> Nullable<value::sql::Json>,
        due_at -> Nullable<value::sql::Time>,
        lease_owner -> Nullable<value::sql::Id>,
        attempts -> Integer,
        strikes -> Integer,
        ask -> Text,
        steps -> BigInt,
        first_step -> BigInt,
        rollback -> Nullable<value::sql::Json>,
        announced_at -> value::sql::Time,
        state_at -> value::sql::Time,
        started_at -> Nullable<value::sql::Time>,
        ended_at -> Nullable<value::sql::Time>,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// Transitions of jobs.
    job_states (tenant, job_id, number) {
        tenant -> value::sql::Id,
        job_id -> value::sql::Id,
        number -> BigInt,
        from_state -> Nullable<Text>,
        to_state -> Text,
        automatic -> Bool,
        actor -> Text,
        reason -> Text,
        previous_micros -> BigInt,
        created_at -> value::sql::Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// Steps of jobs.
    job_steps (tenant, job_id, seq) {
        tenant -> value::sql::Id,
        job_id -> value::sql::Id,
        seq -> BigInt,
        name -> Text,
        kind -> Text,
        state -> Text,
        live -> Bool,
        input -> Nullable<value::sql::Json>,
        output -> Nullable<value::sql::Json>,
        attempts -> Integer,
        max_attempts -> Integer,
        error -> Nullable<value::sql::Json>,
        quality -> Nullable<Double>,
        confidence -> Nullable<Double>,
        undo -> Text,
        undo_name -> Text,
        undo_input -> Nullable<value::sql::Json>,
        undo_attempts -> Integer,
        undo_error -> Nullable<value::sql::Json>,
        undone_at -> Nullable<value::sql::Time>,
        ended_at -> Nullable<value::sql::Time>,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// Saved states that jobs can be rolled back to.
    job_checkpoints (tenant, job_id, id) {
        tenant -> value::sql::Id,
        job_id -> value::sql::Id,
        id -> value::sql::Id,
        #[sql_name = "type"]
        sort -> Text,
        name -> Text,
        seq -> BigInt,
        encoding -> Text,
        state -> Binary,
        size -> BigInt,
        sha256 -> Text,
        resumable -> Bool,
        actor -> Text,
        expires_at -> Nullable<value::sql::Time>,
        created_at -> value::sql::Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// Signals that wait to be asked for, and those that were.
    job_signals (tenant, job_id, id) {
        tenant -> value::sql::Id,
        job_id -> value::sql::Id,
        id -> value::sql::Id,
        name -> Text,
        payload -> value::sql::Json,
        request_id -> Nullable<Text>,
        actor -> Text,
        taken_by -> Nullable<BigInt>,
        created_at -> value::sql::Time,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    /// What submits jobs by the calendar.
    job_schedules (tenant, id) {
        tenant -> value::sql::Id,
        id -> value::sql::Id,
        name -> Text,
        kind -> Text,
        cron -> Text,
        zone -> Text,
        catch_up -> Text,
        input -> value::sql::Json,
        priority -> Integer,
        security_level -> Integer,
        origin -> value::sql::Json,
        paused -> Bool,
        next_at -> Nullable<value::sql::Time>,
        last_at -> Nullable<value::sql::Time>,
        last_job -> Nullable<value::sql::Id>,
        missed -> BigInt,
        created_at -> value::sql::Time,
        updated_at -> value::sql::Time,
        version -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(jobs, job_steps);
