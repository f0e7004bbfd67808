//! The secret by which processes of an installation know each other: configured, or kept in the data
//! folder so that processes that share it need no configuration.

use auth::process::ProcessKey;
use config::Secret;
use rpc::BoxError;
use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use value::Id;

/// The key of this installation; made at the first start if there is none.
pub(crate) fn of(configured: Option<&Secret>, data: &Path) -> Result<ProcessKey, BoxError> {
    if let Some(secret) = configured {
        return Ok(ProcessKey::from_secret(secret.expose().as_bytes())?);
    }
    let path = data.join("mesh.key");
    if !path.exists() {
        // Written aside and linked: a link fails if another process was first, so that all read the
        // same key, and nobody reads half of one.
        let aside = data.join(format!(".mesh.key.{}", Id::new()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&aside)?;
        file.write_all(&rand::random::<[u8; 32]>())?;
        file.sync_all()?;
        let linked = fs::hard_link(&aside, &path);
        fs::remove_file(&aside)?;
        match linked {
            Err(cause) if cause.kind() != ErrorKind::AlreadyExists => return Err(cause.into()),
            _ => {}
        }
    }
    Ok(ProcessKey::from_secret(&fs::read(&path)?)?)
}
