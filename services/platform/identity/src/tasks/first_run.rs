//! The first start: the default tenant, its administrator, and the administrator's API token.
//!
//! Files come first and rows are made from them. Processes that race on one folder read the same files,
//! so whichever of them makes the rows, the files belong to them; a crash in between is repaired by the
//! next start.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use auth::{ApiToken, Scope};
use error::BoxError;
use value::{Clock, Id};

use crate::config::Config;
use crate::convert;
use crate::model::password::Password;
use crate::model::secret::Secret;
use crate::model::{DEFAULT_TENANT, FIRST_ADMINISTRATOR, name_key, role};
use crate::passwords::Passwords;
use crate::sealing::write_private;
use crate::store::{FirstUser, NewPassword, NewUser, Store, UserPatch};

/// Makes what is missing; the answer is the default tenant's id.
pub(crate) async fn ensure(
    store: &Store,
    passwords: &Passwords,
    config: &Config,
    clock: &dyn Clock,
    folder: &Path,
) -> Result<Id, BoxError> {
    let scope = Scope::system_all("first start");
    if let Some(tenant) = store
        .tenant_by_slug(&scope, DEFAULT_TENANT.to_owned())
        .await?
    {
        return Ok(tenant.id);
    }
    let token_file = folder.join("admin.token");
    let token = secret_file(&token_file, || ApiToken::generate(Id::new()).expose())?;
    let token = ApiToken::parse(&token)
        .ok_or_else(|| format!("{}: this is no api token", token_file.display()))?;
    let (password, password_file) = first_password(config, folder)?;
    let hash = passwords.hash(password).await?;

    let user = Id::new();
    let first = FirstUser {
        user: NewUser {
            id: user,
            fields: UserPatch {
                email: Some(FIRST_ADMINISTRATOR.to_owned()),
                display_name: Some("Administrator".to_owned()),
                name_key: Some(name_key("Administrator")),
                ..UserPatch::default()
            },
            password: NewPassword {
                hash: Some(hash),
                must_change: false,
            },
        },
        role: role::ADMINISTRATOR,
    };
    // It belongs to the machine's owner, who can read the key file too: it does not expire.
    let row = convert::token::row(&token, user, "first start", scope.actor(), clock.now());
    let (tenant, made) = store.first_run(&scope, DEFAULT_TENANT, first, row).await?;
    let kept = store.token_exists(&scope, token.id).await?;
    if made {
        tracing::info!(token = %token_file.display(), "made the default tenant and its administrator");
    } else if !kept {
        // A process with another folder was first: these files open nothing.
        for file in [Some(token_file), password_file].into_iter().flatten() {
            match fs::remove_file(file) {
                // Another process with this folder was first to do so.
                Err(gone) if gone.kind() == ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
    }
    Ok(tenant)
}

/// The administrator's first password, and the file it stands in if it was made up.
fn first_password(config: &Config, folder: &Path) -> Result<(Password, Option<PathBuf>), BoxError> {
    if !config.admin_password.is_empty() {
        return Ok((Password::new(config.admin_password.expose()), None));
    }
    let file = folder.join("admin.password");
    let text = secret_file(&file, || Secret::generate().reveal()[..32].to_owned())?;
    Ok((Password::new(text), Some(file)))
}

/// The secret in a file, which is made if it is missing; again, if a process that lost the race takes
/// it away between the writing and the reading.
fn secret_file(path: &Path, make: impl Fn() -> String) -> Result<String, BoxError> {
    const TRIES: usize = 3;
    for left in (0..TRIES).rev() {
        write_private(path, format!("{}\n", make()).as_bytes(), false)?;
        match fs::read_to_string(path) {
            Err(gone) if gone.kind() == ErrorKind::NotFound && left > 0 => {}
            read => {
                let text = read.map_err(|error| format!("{}: {error}", path.display()))?;
                return Ok(text.trim_end().to_owned());
            }
        }
    }
    unreachable!("the last try returns")
}
