//! Wire bytes as inputs of real RPCs, through the generated checks: none panics, and every violation says what it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use proto::check::{Check, Path};
use proto_meaning::tessera::metadata::v1 as metadata;
use proto_platform::tessera::identity::v1 as identity;

/// Decodes and checks one input as the server's codec does.
fn check<T: Message + Default + Check>(wire: &[u8]) {
    assert!(T::INPUT, "every type here is the input of an RPC");
    let Ok(message) = T::decode(wire) else {
        return;
    };
    let mut path = Path::default();
    let mut found = Vec::new();
    message.check(&mut path, &mut found);
    assert_eq!(path.at("", "", "").field, "", "the way back out was lost");
    for violation in &found {
        assert!(!violation.rule.is_empty() && !violation.description.is_empty());
    }
    let again = T::decode(&message.encode_to_vec()[..]).expect("what was written can be read");
    let mut repeated = Vec::new();
    again.check(&mut Path::default(), &mut repeated);
    assert_eq!(found, repeated, "the same request is judged the same");
}

macro_rules! checks {
    ($($module:ident: $($name:ident)*;)*) => { [$($(check::<$module::$name>,)*)*] };
}

/// Picked by the first byte. New ones go to the end, so that the seeds keep their meaning.
const CHECKS: [fn(&[u8]); 40] = checks! {
    metadata: CreateEntityRequest UpdateEntityRequest CreateMetricRequest UpdateMetricRequest CreateRelationshipRequest
        UpdateRelationshipRequest CreateValueChainRequest UpdateValueChainRequest CreateValueChainPatternRequest
        UpdateValueChainPatternRequest CreateDataSourceRequest UpdateDataSourceRequest CreateActorRequest
        UpdateActorRequest CreateAnalyticsStrategyRequest UpdateAnalyticsStrategyRequest CreateAnalyticsUseCaseRequest
        UpdateAnalyticsUseCaseRequest ListEntitiesRequest ListDefinitionsRequest BatchGetEntitiesRequest
        ImportOntologyRequest DiffVersionsRequest RestoreVersionRequest;
    identity: SignInRequest CreateUserRequest UpdateUserRequest UpdateProfileRequest ChangePasswordRequest
        CreateTenantRequest UpdateTenantRequest CreateGroupRequest AddGroupMembersRequest CreateTokenRequest
        CreateServicePrincipalRequest AssignRoleRequest ListUsersRequest ListSessionsRequest BatchGetUsersRequest
        GetPolicySnapshotRequest;
};

fuzz_target!(|data: &[u8]| {
    if let Some((first, wire)) = data.split_first() {
        CHECKS[usize::from(*first) % CHECKS.len()](wire);
    }
});
