//! Tests across modules: the language, then types, plans and SQL against the reference.

mod databases;
mod language;
mod meaning;
mod parts;
mod periods;
mod same;
mod sets;
mod world;
