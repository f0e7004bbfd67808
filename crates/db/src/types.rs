//! The value types as columns of the enum connection; their forms per database are in `value::sql`.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::HasSqlType;

use crate::conn::MultiBackend;

macro_rules! portable {
    ($($name:ident),+) => {$(
        impl HasSqlType<value::sql::$name> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                MultiBackend::lookup_sql_type::<value::sql::$name>(lookup)
            }
        }

        impl ToSql<value::sql::$name, MultiBackend> for value::$name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((value::sql::$name, self));
                Ok(IsNull::No)
            }
        }

        impl FromSql<value::sql::$name, MultiBackend> for value::$name {
            fn from_sql(raw: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                raw.from_sql::<value::$name, value::sql::$name>()
            }
        }
    )+};
}

portable!(Id, Time, Json, Decimal);
