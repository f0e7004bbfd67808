//! Events as messages of the contract, put into the outbox.

use db::outbox;
use db::{Conn, Failure};
use prost::Message;
use proto_platform::tessera::identity::v1 as pb;
use value::{Id, Time};

use crate::model::Event;

/// Puts an event into the outbox, in the transaction that `c` is in. Its lane is the resource it tells of;
/// time orders the lane, as several events may tell of one version.
pub(crate) fn put(c: &mut Conn, tenant: Id, now: Time, event: &Event) -> Result<(), Failure> {
    let (name, lane, payload) = encode(event);
    outbox::put(
        c,
        &[outbox::Event {
            id: Id::new(),
            tenant,
            topic: format!("tessera.identity.v1.{name}"),
            lane,
            version: now.micros(),
            payload,
            created_at: now,
            leased_until: None,
        }],
    )
}

/// The message's name, the resource it tells of, and its bytes.
fn encode(event: &Event) -> (&'static str, String, Vec<u8>) {
    match event {
        Event::TenantCreated { id, slug } => (
            "TenantCreated",
            id.to_string(),
            pb::TenantCreated {
                tenant_id: id.to_string(),
                slug: slug.clone(),
            }
            .encode_to_vec(),
        ),
        Event::TenantUpdated { id } => (
            "TenantUpdated",
            id.to_string(),
            pb::TenantUpdated {
                tenant_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::TenantDisabled { id } => (
            "TenantDisabled",
            id.to_string(),
            pb::TenantDisabled {
                tenant_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::TenantEnabled { id } => (
            "TenantEnabled",
            id.to_string(),
            pb::TenantEnabled {
                tenant_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::UserCreated { id, email } => (
            "UserCreated",
            id.to_string(),
            pb::UserCreated {
                user_id: id.to_string(),
                email: email.clone(),
            }
            .encode_to_vec(),
        ),
        Event::UserUpdated { id } => (
            "UserUpdated",
            id.to_string(),
            pb::UserUpdated {
                user_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::UserDisabled { id } => (
            "UserDisabled",
            id.to_string(),
            pb::UserDisabled {
                user_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::UserEnabled { id } => (
            "UserEnabled",
            id.to_string(),
            pb::UserEnabled {
                user_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::UserDeleted { id } => (
            "UserDeleted",
            id.to_string(),
            pb::UserDeleted {
                user_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::PasswordChanged { id, reset } => (
            "PasswordChanged",
            id.to_string(),
            pb::PasswordChanged {
                user_id: id.to_string(),
                reset: *reset,
            }
            .encode_to_vec(),
        ),
        Event::UserLocked { id, failures } => (
            "UserLocked",
            id.to_string(),
            pb::UserLocked {
                user_id: id.to_string(),
                failures: i32::try_from(*failures).unwrap_or(i32::MAX),
            }
            .encode_to_vec(),
        ),
        Event::GroupCreated { id, name } => (
            "GroupCreated",
            id.to_string(),
            pb::GroupCreated {
                group_id: id.to_string(),
                name: name.clone(),
            }
            .encode_to_vec(),
        ),
        Event::GroupUpdated { id } => (
            "GroupUpdated",
            id.to_string(),
            pb::GroupUpdated {
                group_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::GroupDeleted { id } => (
            "GroupDeleted",
            id.to_string(),
            pb::GroupDeleted {
                group_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::GroupMembersAdded { id, users } => (
            "GroupMembersAdded",
            id.to_string(),
            pb::GroupMembersAdded {
                group_id: id.to_string(),
                user_ids: users.iter().map(Id::to_string).collect(),
            }
            .encode_to_vec(),
        ),
        Event::GroupMembersRemoved { id, users } => (
            "GroupMembersRemoved",
            id.to_string(),
            pb::GroupMembersRemoved {
                group_id: id.to_string(),
                user_ids: users.iter().map(Id::to_string).collect(),
            }
            .encode_to_vec(),
        ),
        Event::RoleAssigned { subject, role } => (
            "RoleAssigned",
            subject.to_string(),
            pb::RoleAssigned {
                subject_id: subject.to_string(),
                role: role.clone(),
            }
            .encode_to_vec(),
        ),
        Event::RoleUnassigned { subject, role } => (
            "RoleUnassigned",
            subject.to_string(),
            pb::RoleUnassigned {
                subject_id: subject.to_string(),
                role: role.clone(),
            }
            .encode_to_vec(),
        ),
        Event::ServicePrincipalCreated { id, name } => (
            "ServicePrincipalCreated",
            id.to_string(),
            pb::ServicePrincipalCreated {
                service_principal_id: id.to_string(),
                name: name.clone(),
            }
            .encode_to_vec(),
        ),
        Event::ServicePrincipalUpdated { id } => (
            "ServicePrincipalUpdated",
            id.to_string(),
            pb::ServicePrincipalUpdated {
                service_principal_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::ServicePrincipalDisabled { id } => (
            "ServicePrincipalDisabled",
            id.to_string(),
            pb::ServicePrincipalDisabled {
                service_principal_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::ServicePrincipalEnabled { id } => (
            "ServicePrincipalEnabled",
            id.to_string(),
            pb::ServicePrincipalEnabled {
                service_principal_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::ServicePrincipalDeleted { id } => (
            "ServicePrincipalDeleted",
            id.to_string(),
            pb::ServicePrincipalDeleted {
                service_principal_id: id.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::RowFilterCreated { id, entity } => (
            "RowFilterCreated",
            id.to_string(),
            pb::RowFilterCreated {
                row_filter_id: id.to_string(),
                entity: entity.clone(),
            }
            .encode_to_vec(),
        ),
        Event::RowFilterUpdated { id, entity } => (
            "RowFilterUpdated",
            id.to_string(),
            pb::RowFilterUpdated {
                row_filter_id: id.to_string(),
                entity: entity.clone(),
            }
            .encode_to_vec(),
        ),
        Event::RowFilterDeleted { id, entity } => (
            "RowFilterDeleted",
            id.to_string(),
            pb::RowFilterDeleted {
                row_filter_id: id.to_string(),
                entity: entity.clone(),
            }
            .encode_to_vec(),
        ),
        Event::TokenCreated { id, principal } => (
            "TokenCreated",
            id.to_string(),
            pb::TokenCreated {
                token_id: id.to_string(),
                principal_id: principal.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::TokenRevoked { id, principal } => (
            "TokenRevoked",
            id.to_string(),
            pb::TokenRevoked {
                token_id: id.to_string(),
                principal_id: principal.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::SessionStarted { id, user } => (
            "SessionStarted",
            id.to_string(),
            pb::SessionStarted {
                session_id: id.to_string(),
                user_id: user.to_string(),
            }
            .encode_to_vec(),
        ),
        Event::SessionRevoked { id, user, cause } => (
            "SessionRevoked",
            id.to_string(),
            pb::SessionRevoked {
                session_id: id.to_string(),
                user_id: user.to_string(),
                cause: (*cause).to_owned(),
            }
            .encode_to_vec(),
        ),
        Event::KeysRotated { kid } => (
            "KeysRotated",
            kid.to_string(),
            pb::KeysRotated { kid: kid.clone() }.encode_to_vec(),
        ),
    }
}
