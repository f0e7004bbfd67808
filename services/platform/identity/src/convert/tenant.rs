//! Tenants.

use proto_platform::tessera::identity::v1 as pb;

use super::time;
use crate::store::TenantRow;

/// Renders a tenant.
pub(crate) fn render(row: TenantRow) -> pb::Tenant {
    let state = match row.disabled_at {
        None => pb::TenantState::Active,
        Some(_) => pb::TenantState::Disabled,
    };
    pb::Tenant {
        id: row.id.to_string(),
        slug: row.slug,
        display_name: row.display_name,
        state: state.into(),
        create_time: time(row.created_at),
        update_time: time(row.updated_at),
        etag: db::etag::format(row.version),
    }
}

/// The filter on states: `Some(true)` is disabled only.
pub(crate) fn disabled(state: pb::TenantState) -> Option<bool> {
    match state {
        pb::TenantState::Unspecified => None,
        pb::TenantState::Active => Some(false),
        pb::TenantState::Disabled => Some(true),
    }
}
