//! The method table: what layers, edge, docs and console know of every RPC, by its path.

use std::collections::HashMap;

/// What one contracts crate brings: its descriptors and its rows of the method table.
#[derive(Debug, Clone, Copy)]
pub struct Contracts {
    /// A serialised `google.protobuf.FileDescriptorSet` with comments, options and imports.
    pub descriptors: &'static [u8],
    /// One row per RPC.
    pub methods: &'static [Method],
}

/// Who can reach an RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Anyone, without a token.
    Public,
    /// Principals that hold the method's permission.
    User,
    /// Processes of the mesh only.
    Internal,
}

/// Whether a call may be sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Changes nothing.
    Read,
    /// A second identical call changes nothing more.
    Idempotent,
    /// A second call may do it twice.
    Unsafe,
}

/// One RPC.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// Short name of the service, such as `metadata`: target, config section, metric label.
    pub service: &'static str,
    /// Full name of the gRPC service, such as `tessera.metadata.v1.MetadataService`.
    pub grpc_service: &'static str,
    /// Name of the RPC, such as `GetEntity`.
    pub name: &'static str,
    /// Path on the wire: `/<grpc_service>/<name>`.
    pub path: &'static str,
    /// Permission a caller needs; empty unless the visibility is [`Visibility::User`].
    pub permission: &'static str,
    /// Who can reach it.
    pub visibility: Visibility,
    /// Whether it may be sent twice.
    pub idempotency: Idempotency,
    /// Seconds for which an answer may be reused for the same caller; 0 is never.
    pub cache_seconds: u32,
    /// Whether calls are written to the audit log.
    pub audit: bool,
    /// Deadline in seconds where the caller gave none; 0 is the process's default.
    pub timeout_seconds: u32,
    /// The client sends a stream.
    pub client_streaming: bool,
    /// The server answers with a stream.
    pub server_streaming: bool,
    /// It has an HTTP rule.
    pub http: bool,
}

/// All RPCs of a process, by path.
#[derive(Debug, Clone, Default)]
pub struct MethodTable {
    by_path: HashMap<&'static str, &'static Method>,
}

impl MethodTable {
    /// The table of several contracts crates.
    pub fn new<'a>(contracts: impl IntoIterator<Item = &'a Contracts>) -> Self {
        let by_path = contracts
            .into_iter()
            .flat_map(|contracts| contracts.methods)
            .map(|method| (method.path, method))
            .collect();
        Self { by_path }
    }

    /// The row of a path such as `/tessera.metadata.v1.MetadataService/GetEntity`.
    pub fn get(&self, path: &str) -> Option<&'static Method> {
        self.by_path.get(path).copied()
    }

    /// All rows, ordered by path.
    pub fn iter(&self) -> impl Iterator<Item = &'static Method> {
        let mut methods: Vec<_> = self.by_path.values().copied().collect();
        methods.sort_by_key(|method| method.path);
        methods.into_iter()
    }

    /// The short name of the service that a gRPC service name belongs to.
    pub fn service_of(&self, grpc_service: &str) -> Option<&'static str> {
        self.by_path
            .values()
            .find(|method| method.grpc_service == grpc_service)
            .map(|method| method.service)
    }
}
