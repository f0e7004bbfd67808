//! What a local folder lacks: it has no conditional writes of its own, so writers take turns by locks that processes share; and
//! what a crash cut off stays in it, so that is removed when it is old.

use error::{Error, Result};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Locks beside the folder of objects; a name has one of them.
#[derive(Debug, Clone)]
pub(crate) struct Locks {
    of: PathBuf,
    beside: PathBuf,
}

impl Locks {
    /// # Errors
    /// If the folder cannot be made.
    pub(crate) fn new(folder: &Path) -> std::io::Result<Self> {
        let mut beside = folder.as_os_str().to_owned();
        beside.push(".locks");
        std::fs::create_dir_all(&beside)?;
        Ok(Self {
            of: folder.to_owned(),
            beside: beside.into(),
        })
    }

    /// The folder whose they are.
    pub(crate) fn of(&self) -> &Path {
        &self.of
    }

    /// Waits for the lock of a name; it is free again when the file is dropped.
    pub(crate) async fn take(&self, name: &str) -> Result<File> {
        let lock = self.beside.join(format!("{:02x}", Sha256::digest(name)[0]));
        let take = move || {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(lock)?;
            file.lock()?;
            Ok::<_, std::io::Error>(file)
        };
        tokio::task::spawn_blocking(take)
            .await
            .map_err(Error::internal)?
            .map_err(crate::fault::unavailable)
    }
}

/// Removes files in the making that nobody has touched for so long, and answers how many. Until they are whole they have a
/// number behind a `#`, which no name of an object has.
pub(crate) fn sweep(folder: &Path, older: Duration) -> io::Result<u64> {
    let (mut removed, mut folders) = (0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let name = entry.file_name();
            let in_the_making = name
                .to_str()
                .and_then(|name| name.rsplit_once('#'))
                .is_some_and(|(_, number)| {
                    !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
                });
            let Ok(about) = entry.metadata() else {
                continue;
            };
            let old = about.modified()?.elapsed().is_ok_and(|age| age >= older);
            if in_the_making && old && std::fs::remove_file(entry.path()).is_ok() {
                removed += 1;
            }
        }
    }
    Ok(removed)
}
