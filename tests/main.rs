//! Stories across services, in one binary: what the contracts promise, and what a user gets from a
//! whole platform in each topology and on each database.

mod access;
mod contracts;
mod edge;
mod noise;
mod ontology;
mod platform;
mod raw;
mod sessions;
mod tenancy;
