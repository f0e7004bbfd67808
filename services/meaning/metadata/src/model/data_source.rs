//! Data sources: where rows of entities come from. They hold no secrets; a connection of another service does.

use super::{Kind, References, Rules, Span};
use error::Violations;
use serde::{Deserialize, Serialize};
use value::Id;

pub(super) const FIELDS: &[&str] = &[
    "kind",
    "connection",
    "entities",
    "location",
    "refresh_interval",
];

/// Where rows of entities come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DataSource {
    pub(crate) kind: Option<DataSourceKind>,
    pub(crate) connection: Option<ConnectionRef>,
    pub(crate) entities: Vec<String>,
    pub(crate) location: String,
    pub(crate) refresh_interval: Option<Span>,
}

/// What a data source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DataSourceKind {
    RelationalDatabase,
    DocumentDatabase,
    DataLake,
    RestApi,
    GraphqlApi,
    File,
    Spreadsheet,
    MessageStream,
    Application,
    Simulation,
}

/// A connection, which another service owns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionRef {
    pub(crate) id: Id,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) label: String,
}

impl Rules for DataSource {
    fn check(&self, found: &mut Violations) {
        found.check(
            self.kind.is_some(),
            "kind",
            "REQUIRED",
            "a data source has a kind",
        );
        let open = !holds_credentials(&self.location);
        found.check(
            open,
            "location",
            "SECRET",
            "a location holds no user and password: a connection does",
        );
    }

    fn refer(&self, out: &mut References) {
        out.many("entities", Kind::Entity, &self.entities);
    }
}

/// Whether a URL carries `user:password@`.
fn holds_credentials(location: &str) -> bool {
    let Some((_, rest)) = location.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_location_is_seen() {
        for (location, secret) in [
            ("postgres://reader:hunter2@db/policies", true),
            ("postgres://reader@db/policies", false),
            ("https://example.test/a:b@c", false),
            ("schema.policies", false),
            ("", false),
        ] {
            assert_eq!(holds_credentials(location), secret, "{location}");
        }
    }
}
