//! JSON documents as values and columns.

use serde::{Deserialize, Serialize};

/// A JSON document (jsonb on PostgreSQL, text on SQLite).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "diesel",
    derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)
)]
#[cfg_attr(feature = "diesel", diesel(sql_type = crate::sql::Json))]
#[serde(transparent)]
pub struct Json(pub serde_json::Value);

impl Json {
    /// The JSON form of any serialisable value.
    pub fn of<T: Serialize>(value: &T) -> serde_json::Result<Self> {
        serde_json::to_value(value).map(Self)
    }

    /// Reads the document as a typed value.
    pub fn read<T: for<'de> Deserialize<'de>>(&self) -> serde_json::Result<T> {
        T::deserialize(&self.0)
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self(value)
    }
}
