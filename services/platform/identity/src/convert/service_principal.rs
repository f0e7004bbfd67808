//! Service principals.

use error::Result;
use proto_platform::tessera::identity::v1 as pb;

use super::{name, time};
use crate::model::name_key;
use crate::store::{PrincipalPatch, ServicePrincipalRow};

/// Fields that may be changed.
pub(crate) const CHANGEABLE: &[&str] = &["name", "description"];

/// Reads the named fields of a service principal.
pub(crate) fn patch(item: &pb::ServicePrincipal, fields: &[&str]) -> Result<PrincipalPatch> {
    let mut patch = PrincipalPatch::default();
    if fields.contains(&"name") {
        let name = name("service_principal.name", &item.name)?;
        patch.name_key = Some(name_key(&name));
        patch.name = Some(name);
    }
    if fields.contains(&"description") {
        patch.description = Some(item.description.trim().to_owned());
    }
    Ok(patch)
}

/// The filter on states: `Some(true)` is disabled only.
pub(crate) fn disabled(state: pb::ServicePrincipalState) -> Option<bool> {
    match state {
        pb::ServicePrincipalState::Unspecified => None,
        pb::ServicePrincipalState::Active => Some(false),
        pb::ServicePrincipalState::Disabled => Some(true),
    }
}

/// Renders a service principal.
pub(crate) fn render(row: ServicePrincipalRow) -> pb::ServicePrincipal {
    let state = match row.disabled_at {
        None => pb::ServicePrincipalState::Active,
        Some(_) => pb::ServicePrincipalState::Disabled,
    };
    pb::ServicePrincipal {
        id: row.id.to_string(),
        name: row.name,
        description: row.description,
        state: state.into(),
        create_time: time(row.created_at),
        update_time: time(row.updated_at),
        etag: db::etag::format(row.version),
    }
}
