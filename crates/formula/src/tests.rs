//! Tests across modules: the language, then types, plans and SQL against the reference.

mod language;
