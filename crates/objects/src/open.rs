//! From settings to a store.

use crate::{ObjectsConfig, client::Over, local::Locks, settings::Place};
use error::{BoxError, Result};
use object_store::{
    ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, Checksum},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    list::PaginatedListStore,
    local::LocalFileSystem,
    path::Path,
};
use std::{path::Path as Folder, sync::Arc};

/// A store, and what is particular to it.
pub(crate) struct Opened {
    pub(crate) kind: &'static str,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) own: Own,
    /// The folder of the store that we are in.
    pub(crate) base: Path,
}

/// What stores have on their own.
pub(crate) enum Own {
    /// A folder has locks.
    Folder(Locks),
    /// A remote one has pages.
    Remote(Arc<dyn PaginatedListStore>),
}

fn failed(cause: impl Into<BoxError>) -> error::Error {
    crate::fault::unavailable(cause)
}

/// # Errors
/// `OBJECT_STORE_UNAVAILABLE` if a local folder cannot be made, or there are no root certificates for a remote store;
/// `INTERNAL` for settings that are not validated. A remote store is not asked anything yet.
pub(crate) fn open(config: &ObjectsConfig, data: &Folder) -> Result<Opened> {
    let place = config
        .place()
        .ok_or_else(|| error::Error::internal("the address of the object store is none"))?;
    let folder = match place {
        Place::Folder(folder) => folder.unwrap_or_else(|| data.join("objects")),
        Place::S3(bucket, base) => return s3(config, &bucket, &base),
        Place::Azure(account, container, base) => {
            return azure(config, &account, &container, &base);
        }
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let store = LocalFileSystem::new_with_prefix(&folder).map_err(failed)?;
    Ok(Opened {
        kind: "folder",
        store: Arc::new(store.with_fsync(true)),
        own: Own::Folder(Locks::new(&folder).map_err(failed)?),
        base: Path::default(),
    })
}

fn over(config: &ObjectsConfig) -> Result<Over> {
    Over::new(config.connect_timeout.get(), config.timeout.get()).map_err(failed)
}

fn retry(config: &ObjectsConfig) -> RetryConfig {
    RetryConfig {
        max_retries: config.retries,
        retry_timeout: config.timeout.get(),
        ..RetryConfig::default()
    }
}

fn s3(config: &ObjectsConfig, bucket: &str, base: &str) -> Result<Opened> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&config.region)
        .with_allow_http(config.allow_http)
        .with_retry(retry(config))
        // The server checks each piece by itself.
        .with_checksum_algorithm(Checksum::SHA256)
        .with_http_connector(over(config)?);
    if !config.endpoint.is_empty() {
        builder = builder.with_endpoint(&config.endpoint);
    }
    if !config.key_id.is_empty() {
        builder = builder
            .with_access_key_id(&config.key_id)
            .with_secret_access_key(config.key.expose());
    }
    if !config.token.is_empty() {
        builder = builder.with_token(config.token.expose());
    }
    let store = Arc::new(builder.build().map_err(error::Error::internal)?);
    Ok(Opened {
        kind: "s3",
        store: Arc::clone(&store) as _,
        own: Own::Remote(store),
        base: Path::from(base),
    })
}

fn azure(config: &ObjectsConfig, account: &str, container: &str, base: &str) -> Result<Opened> {
    let mut builder = MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name(container)
        .with_allow_http(config.allow_http)
        .with_retry(retry(config))
        .with_http_connector(over(config)?);
    if !config.endpoint.is_empty() {
        builder = builder.with_endpoint(config.endpoint.clone());
    }
    if !config.key.is_empty() {
        builder = builder.with_access_key(config.key.expose());
    }
    if !config.token.is_empty() {
        builder = builder.with_config(AzureConfigKey::SasKey, config.token.expose());
    }
    // What the library says of a wrong key may repeat it.
    let store = builder
        .build()
        .map_err(|_| error::Error::internal("the settings of the Azure account do not fit"))?;
    let store = Arc::new(store);
    Ok(Opened {
        kind: "azure",
        store: Arc::clone(&store) as _,
        own: Own::Remote(store),
        base: Path::from(base),
    })
}
