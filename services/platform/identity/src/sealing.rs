//! Encrypts private keys at rest with a key kept in a file that only the process's user may read.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use error::BoxError;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

const KEY_LEN: usize = 32;

/// Seals and opens small secrets with one symmetric key.
pub(crate) struct Sealing(LessSafeKey);

/// A sealed secret that does not open: another key sealed it, or it was changed.
#[derive(Debug, thiserror::Error)]
#[error("a stored private key does not open with this installation's key file")]
pub(crate) struct DoesNotOpen;

impl Sealing {
    /// Reads the key file, or makes it; processes that race all end with the same key.
    pub(crate) fn open(path: &Path) -> Result<Self, BoxError> {
        if !path.exists() {
            write_private(path, &random::<KEY_LEN>()?, false)?;
        }
        let key = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::from_key(&key).map_err(|_| {
            format!(
                "{}: a key file holds exactly {KEY_LEN} bytes",
                path.display()
            )
            .into()
        })
    }

    fn from_key(key: &[u8]) -> Result<Self, ring::error::Unspecified> {
        UnboundKey::new(&CHACHA20_POLY1305, key).map(|key| Self(LessSafeKey::new(key)))
    }

    /// Seals a secret for the holder of `name`; the answer begins with the nonce.
    pub(crate) fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, BoxError> {
        // Random nonces are safe here: a key seals a handful of secrets in its life.
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = secret.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| "sealing failed")?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for the holder of `name`.
    pub(crate) fn unseal(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(DoesNotOpen)?;
        let mut rest = rest.to_vec();
        let open = self
            .0
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(name.as_bytes()),
                &mut rest,
            )
            .map_err(|_| DoesNotOpen)?;
        Ok(open.to_vec())
    }
}

/// Writes a file that only its owner may read, whole or not at all. Where it exists it is kept, unless
/// `replace` is set.
pub(crate) fn write_private(path: &Path, bytes: &[u8], replace: bool) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let scratch = folder.join(format!(".{}", value::Id::new()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&scratch)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    // A hard link refuses an existing name, so one of several racing processes wins and all read its file.
    let placed = written.and_then(|()| {
        if replace {
            return fs::rename(&scratch, path);
        }
        match fs::hard_link(&scratch, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    });
    if !replace || placed.is_err() {
        fs::remove_file(&scratch)?;
    }
    placed
}

fn random<const N: usize>() -> Result<[u8; N], BoxError> {
    let mut bytes = [0_u8; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| "no random bytes")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_holder_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity/signing.key");
        let sealing = Sealing::open(&path).unwrap();
        let sealed = sealing.seal("k1", b"private").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"private"));

        let again = Sealing::open(&path).unwrap();
        assert_eq!(again.unseal("k1", &sealed).unwrap(), b"private");
        assert!(again.unseal("k2", &sealed).is_err());
        assert!(again.unseal("k1", &sealed[..5]).is_err());
        let mut damaged = sealed.clone();
        damaged[NONCE_LEN] ^= 1;
        assert!(again.unseal("k1", &damaged).is_err());
        let other = Sealing::open(&folder.path().join("other.key")).unwrap();
        assert!(other.unseal("k1", &sealed).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn private_files_are_private_and_first_come_first_kept() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_private(&path, b"first", false).unwrap();
        write_private(&path, b"second", false).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        write_private(&path, b"third", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no scratch file stays"
        );
    }
}
