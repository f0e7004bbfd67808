//! The RPCs, one line each; what they do is in one file a resource. A handler is four steps: scope,
//! parse, act, render.

mod groups;
mod keys;
mod passwords;
mod roles;
mod row_filters;
mod service_principals;
mod sessions;
mod sign_in;
mod tenants;
mod tokens;
mod users;

use std::sync::Arc;

use auth::{Authority, Caller, Credential, Scope};
use error::{Error, Result, reason};
use pb::identity_service_server::IdentityService;
use proto_platform::tessera::identity::v1 as pb;
use tonic::{Request, Response, Status};
use value::{Clock, Id};

use crate::config::Config;
use crate::keyring::Keyring;
use crate::passwords::Passwords;
use crate::reasons::SELF_LOCKOUT_REFUSED;
use crate::source::Source;
use crate::store::Store;
use crate::uses::Uses;

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    /// The rows.
    pub(crate) store: Store,
    /// Hashes and verifies.
    pub(crate) passwords: Passwords,
    /// Signs.
    pub(crate) keyring: Keyring,
    /// Reads the policy.
    pub(crate) source: Source,
    /// Notes uses of API tokens.
    pub(crate) uses: Uses,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Settings.
    pub(crate) config: Arc<Config>,
    /// The tenant whose administrators run the platform.
    pub(crate) default_tenant: Id,
    /// This process's own verifier.
    pub(crate) authority: Arc<Authority>,
}

impl Api {
    /// Who calls, with the scope that was granted.
    fn caller<T>(&self, request: &Request<T>) -> Result<(Arc<Caller>, Scope)> {
        let scope = Scope::of(request)?;
        let caller = Caller::of(request)?;
        self.uses.note(&caller, self.clock.now());
        Ok((caller, scope))
    }

    /// The scope that was granted.
    fn scope<T>(&self, request: &Request<T>) -> Result<Scope> {
        self.caller(request).map(|(_, scope)| scope)
    }

    /// A scope over all tenants, for administrators of the default tenant only.
    fn platform_scope<T>(&self, request: &Request<T>, reason: &'static str) -> Result<Scope> {
        let (caller, _) = self.caller(request)?;
        if !self.is_platform_administrator(&caller) {
            return Err(Error::new(
                &reason::PERMISSION_DENIED,
                "this is for administrators of the default tenant",
            ));
        }
        Ok(Scope::system_all(reason))
    }

    /// Lets this process decide by what has just changed.
    async fn hear(&self) {
        if let Err(error) = self.authority.refresh(&self.source).await {
            // The change is stored; the process hears of it with its next look at the policy.
            tracing::warn!(reason = error.reason(), "the policy could not be refreshed");
        }
    }

    fn is_platform_administrator(&self, caller: &Caller) -> bool {
        caller.principal.tenant == self.default_tenant
            && caller.permissions.allows("identity.tenants.admin")
    }
}

/// Fails unless the caller also holds a permission that only this use of the method needs.
fn need(caller: &Caller, permission: &'static str) -> Result<()> {
    if caller.permissions.allows(permission) {
        return Ok(());
    }
    Err(Error::new(
        &reason::PERMISSION_DENIED,
        format!("the permission {permission} is needed"),
    )
    .with_metadata("permission", permission))
}

/// Refuses what would lock the caller out: somebody always remains who can undo a mistake.
fn not_oneself(caller: &Caller, id: Id) -> Result<()> {
    if caller.principal.id == id {
        return Err(Error::new(
            &SELF_LOCKOUT_REFUSED,
            "nobody can disable, delete or demote themselves",
        ));
    }
    Ok(())
}

/// The caller's session, where the call carries an access token.
fn session_of(caller: &Caller) -> Option<Id> {
    match caller.credential {
        Credential::Session(id) => Some(id),
        Credential::ApiToken(_) => None,
    }
}

macro_rules! rpcs {
    (
        plain { $($name:ident: $input:ident => $output:ty, $act:path;)+ }
        heard { $($loud:ident: $loud_input:ident => $loud_output:ty, $loud_act:path;)+ }
    ) => {
        #[tonic::async_trait]
        impl IdentityService for Api {
            $(async fn $name(
                &self,
                request: Request<pb::$input>,
            ) -> std::result::Result<Response<$output>, Status> {
                Ok(Response::new($act(self, request).await?))
            })+

            $(async fn $loud(
                &self,
                request: Request<pb::$loud_input>,
            ) -> std::result::Result<Response<$loud_output>, Status> {
                let answer = $loud_act(self, request).await?;
                self.hear().await;
                Ok(Response::new(answer))
            })+
        }
    };
}

// What stands under `heard` holds in this process once it is answered; the rest within a second, as
// everything does in other processes.
rpcs! {
    plain {
        create_tenant: CreateTenantRequest => pb::Tenant, tenants::create;
        get_tenant: GetTenantRequest => pb::Tenant, tenants::get;
        list_tenants: ListTenantsRequest => pb::ListTenantsResponse, tenants::list;
        batch_get_tenants: BatchGetTenantsRequest => pb::BatchGetTenantsResponse, tenants::batch_get;
        update_tenant: UpdateTenantRequest => pb::Tenant, tenants::update;
        enable_tenant: EnableTenantRequest => pb::Tenant, tenants::enable;
        create_user: CreateUserRequest => pb::User, users::create;
        get_user: GetUserRequest => pb::User, users::get;
        list_users: ListUsersRequest => pb::ListUsersResponse, users::list;
        batch_get_users: BatchGetUsersRequest => pb::BatchGetUsersResponse, users::batch_get;
        update_user: UpdateUserRequest => pb::User, users::update;
        enable_user: EnableUserRequest => pb::User, users::enable;
        delete_user: DeleteUserRequest => pb::User, users::delete;
        update_profile: UpdateProfileRequest => pb::User, users::update_profile;
        create_group: CreateGroupRequest => pb::Group, groups::create;
        get_group: GetGroupRequest => pb::Group, groups::get;
        list_groups: ListGroupsRequest => pb::ListGroupsResponse, groups::list;
        batch_get_groups: BatchGetGroupsRequest => pb::BatchGetGroupsResponse, groups::batch_get;
        update_group: UpdateGroupRequest => pb::Group, groups::update;
        delete_group: DeleteGroupRequest => (), groups::delete;
        add_group_members: AddGroupMembersRequest => pb::AddGroupMembersResponse, groups::add_members;
        remove_group_members: RemoveGroupMembersRequest => pb::RemoveGroupMembersResponse, groups::remove_members;
        list_group_members: ListGroupMembersRequest => pb::ListGroupMembersResponse, groups::list_members;
        list_roles: ListRolesRequest => pb::ListRolesResponse, roles::list;
        list_role_assignments: ListRoleAssignmentsRequest => pb::ListRoleAssignmentsResponse, roles::list_assignments;
        get_effective_access: GetEffectiveAccessRequest => pb::EffectiveAccess, roles::effective_access;
        get_row_filter: GetRowFilterRequest => pb::RowFilter, row_filters::get;
        list_row_filters: ListRowFiltersRequest => pb::ListRowFiltersResponse, row_filters::list;
        batch_get_row_filters: BatchGetRowFiltersRequest => pb::BatchGetRowFiltersResponse, row_filters::batch_get;
        create_service_principal: CreateServicePrincipalRequest => pb::ServicePrincipal, service_principals::create;
        get_service_principal: GetServicePrincipalRequest => pb::ServicePrincipal, service_principals::get;
        list_service_principals: ListServicePrincipalsRequest => pb::ListServicePrincipalsResponse, service_principals::list;
        batch_get_service_principals: BatchGetServicePrincipalsRequest => pb::BatchGetServicePrincipalsResponse, service_principals::batch_get;
        update_service_principal: UpdateServicePrincipalRequest => pb::ServicePrincipal, service_principals::update;
        enable_service_principal: EnableServicePrincipalRequest => pb::ServicePrincipal, service_principals::enable;
        delete_service_principal: DeleteServicePrincipalRequest => (), service_principals::delete;
        get_token: GetTokenRequest => pb::ApiToken, tokens::get;
        list_tokens: ListTokensRequest => pb::ListTokensResponse, tokens::list;
        sign_in: SignInRequest => pb::TokenPair, sign_in::sign_in;
        refresh_session: RefreshSessionRequest => pb::TokenPair, sign_in::refresh;
        list_sessions: ListSessionsRequest => pb::ListSessionsResponse, sessions::list;
        who_am_i: WhoAmIRequest => pb::WhoAmIResponse, sessions::who_am_i;
        get_keys: GetKeysRequest => pb::KeySet, keys::get;
        rotate_keys: RotateKeysRequest => pb::RotateKeysResponse, keys::rotate;
        get_policy_snapshot: GetPolicySnapshotRequest => pb::GetPolicySnapshotResponse, keys::policy_snapshot;
    }
    heard {
        disable_tenant: DisableTenantRequest => pb::Tenant, tenants::disable;
        disable_user: DisableUserRequest => pb::User, users::disable;
        reset_password: ResetPasswordRequest => pb::User, passwords::reset;
        change_password: ChangePasswordRequest => (), passwords::change;
        assign_role: AssignRoleRequest => pb::RoleAssignment, roles::assign;
        unassign_role: UnassignRoleRequest => (), roles::unassign;
        create_row_filter: CreateRowFilterRequest => pb::RowFilter, row_filters::create;
        update_row_filter: UpdateRowFilterRequest => pb::RowFilter, row_filters::update;
        delete_row_filter: DeleteRowFilterRequest => (), row_filters::delete;
        disable_service_principal: DisableServicePrincipalRequest => pb::ServicePrincipal, service_principals::disable;
        create_token: CreateTokenRequest => pb::CreateTokenResponse, tokens::create;
        revoke_token: RevokeTokenRequest => pb::ApiToken, tokens::revoke;
        sign_out: SignOutRequest => (), sessions::sign_out;
        revoke_session: RevokeSessionRequest => pb::Session, sessions::revoke;
    }
}
