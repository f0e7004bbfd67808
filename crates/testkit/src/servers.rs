//! The servers that all tests share. `scripts/with-servers` starts them; a test that silently did nothing without them
//! would prove nothing.

/// The address of a Redis server; a test uses keys that nobody else has.
///
/// # Panics
/// Without `TESSERA_TEST_REDIS_URL`.
pub fn redis_url() -> String {
    url("TESSERA_TEST_REDIS_URL")
}

/// The address of a server that speaks S3 and has a bucket `tessera`; a test uses a folder that nobody else has.
///
/// # Panics
/// Without `TESSERA_TEST_S3_URL`.
pub fn s3_url() -> String {
    url("TESSERA_TEST_S3_URL")
}

/// The address of an Azurite, with its account, that has a container `tessera`; a test uses a folder that nobody else has.
///
/// # Panics
/// Without `TESSERA_TEST_AZURE_URL`.
pub fn azure_url() -> String {
    url("TESSERA_TEST_AZURE_URL")
}

fn url(variable: &str) -> String {
    config::environment()
        .find(|(name, _)| name == variable)
        .map(|(_, url)| url)
        .unwrap_or_else(|| panic!("set {variable}, or run `make test`, which starts a server"))
}
