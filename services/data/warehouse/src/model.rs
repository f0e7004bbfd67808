//! The rules of tables and rows: pure, without databases and messages.

pub(crate) mod batch;
pub(crate) mod change;
pub(crate) mod chunk;
pub(crate) mod ddl;
pub(crate) mod definition;
pub(crate) mod drift;
pub(crate) mod filter;
pub(crate) mod load;
pub(crate) mod moment;
pub(crate) mod outcome;
pub(crate) mod page;
pub(crate) mod row;
pub(crate) mod script;
pub(crate) mod table;
pub(crate) mod value;
pub(crate) mod view;
