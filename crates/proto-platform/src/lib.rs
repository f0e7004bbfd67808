//! Contracts of the wing `platform`: messages, clients, servers, checks and method rows, all generated.

mod generated;
pub use generated::tessera;

use proto::method::{Contracts, Idempotency, Method, Visibility};

/// Descriptors and methods of this wing.
pub static CONTRACTS: Contracts = Contracts {
    descriptors: include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin")),
    methods: METHODS,
};

include!(concat!(env!("OUT_DIR"), "/methods.rs"));
include!(concat!(env!("OUT_DIR"), "/checks.rs"));
include!(concat!(env!("OUT_DIR"), "/redacted.rs"));

#[cfg(test)]
mod tests {
    use crate::tessera::identity::v1::SignInRequest;

    #[test]
    fn what_the_contract_marks_as_secret_is_not_in_debug() {
        let request = SignInRequest {
            email: "ada@example.com".into(),
            password: "hunter2".into(),
            ..SignInRequest::default()
        };
        let shown = format!("{request:?}");
        assert!(
            shown.contains("ada@example.com") && shown.contains("***"),
            "{shown}"
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
