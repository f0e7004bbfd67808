//! The rules of tables and rows: pure, without databases and messages.

pub(crate) mod change;
pub(crate) mod chunk;
pub(crate) mod ddl;
pub(crate) mod definition;
pub(crate) mod drift;
pub(crate) mod script;
pub(crate) mod table;
