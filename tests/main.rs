//! Stories across services, in one binary: what the contracts promise, and what a user gets from a
//! whole platform in each topology and on each database.

mod access;
mod business;
mod changes;
mod commands;
mod contracts;
mod database;
mod edge;
mod messages;
mod noise;
mod numbers;
mod ontology;
mod operations;
mod platform;
mod publications;
mod raw;
mod refusals;
mod retention;
mod row_filters;
mod sessions;
mod simulation;
mod tenancy;
mod torture;
