//! The contracts as a reviewer sees them: one line per RPC, and who may call without a token.

use proto::{MethodTable, method::Visibility};

fn methods() -> MethodTable {
    MethodTable::new([
        &proto::CONTRACTS,
        &proto_platform::CONTRACTS,
        &proto_meaning::CONTRACTS,
        &proto_data::CONTRACTS,
        &proto_numbers::CONTRACTS,
        &proto_work::CONTRACTS,
    ])
}

/// Any change of the public face of the platform shows in this snapshot.
#[test]
fn one_line_per_rpc() {
    let lines: Vec<_> = methods()
        .iter()
        .map(|method| {
            let stream = match (method.client_streaming, method.server_streaming) {
                (false, false) => "",
                (false, true) => " -> stream",
                (true, false) => " stream ->",
                (true, true) => " stream <-> stream",
            };
            format!(
                "{} {:?} {:?} {}{stream}",
                method.path,
                method.visibility,
                method.idempotency,
                if method.permission.is_empty() {
                    "-"
                } else {
                    method.permission
                },
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// Nothing becomes callable without a token unless this list changes too.
#[test]
fn public_rpcs_are_a_reviewed_list() {
    let public: Vec<_> = methods()
        .iter()
        .filter(|method| method.visibility == Visibility::Public)
        .map(|method| method.path)
        .collect();
    assert_eq!(
        public,
        [
            "/tessera.identity.v1.IdentityService/GetKeys",
            "/tessera.identity.v1.IdentityService/RefreshSession",
            "/tessera.identity.v1.IdentityService/SignIn",
        ]
    );
}

/// Permissions read `<service>.<resource>.<read|write|admin>`, so that roles can be given by pattern.
#[test]
fn permissions_have_one_form() {
    for method in methods()
        .iter()
        .filter(|method| !method.permission.is_empty())
    {
        let parts: Vec<_> = method.permission.split('.').collect();
        assert_eq!(parts.len(), 3, "{}: {}", method.path, method.permission);
        assert!(
            ["read", "write", "admin"].contains(&parts[2]),
            "{}: {}",
            method.path,
            method.permission
        );
    }
}
