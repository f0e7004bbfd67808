//! Database URLs in every form that people write them.

use std::time::Duration;

use error::{Error, Result};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Embedded.
    Sqlite,
    /// A server.
    Postgres,
}

/// A parsed database URL. `Debug` and `Display` hide the password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Url {
    /// A path, or `:memory:`.
    Sqlite(String),
    /// A URL as libpq reads it.
    Postgres(String),
}

impl Url {
    /// Reads `postgres://`, `postgresql://`, either with a Python driver (`+asyncpg`, `+psycopg2`),
    /// `sqlite://path` and `sqlite:path`.
    pub fn parse(text: &str) -> Result<Self> {
        let unknown = || {
            Error::invalid_field(
                "storage.url",
                "DATABASE_URL",
                "a database URL starts with postgres://, postgresql:// or sqlite:",
            )
        };
        let (scheme, rest) = text.split_once(':').ok_or_else(unknown)?;
        let (base, driver) = match scheme.split_once('+') {
            Some((base, driver)) => (base, Some(driver)),
            None => (scheme, None),
        };
        match base {
            "postgres" | "postgresql" => {
                let known = [
                    None,
                    Some("asyncpg"),
                    Some("psycopg2"),
                    Some("psycopg"),
                    Some("psycopg_async"),
                ];
                if !rest.starts_with("//") || !known.contains(&driver) {
                    return Err(unknown());
                }
                Ok(Self::Postgres(format!("postgresql:{rest}")))
            }
            "sqlite" => {
                if ![None, Some("aiosqlite"), Some("pysqlite")].contains(&driver) {
                    return Err(unknown());
                }
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() {
                    return Err(unknown());
                }
                Ok(Self::Sqlite(path.to_owned()))
            }
            _ => Err(unknown()),
        }
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    /// The role a PostgreSQL URL names.
    pub(crate) fn role(&self) -> Option<String> {
        let Self::Postgres(text) = self else {
            return None;
        };
        let authority = text
            .strip_prefix("postgresql://")?
            .split(['/', '?'])
            .next()?;
        let user = authority.rsplit_once('@')?.0.split(':').next()?;
        (!user.is_empty()).then(|| percent_decode(user))
    }

    /// The text for libpq. Its own patience is endless, and an address that swallows packets would
    /// hold a thread for minutes.
    pub(crate) fn with_connect_timeout(&self, patience: Duration) -> String {
        let (Self::Sqlite(text) | Self::Postgres(text)) = self;
        if text.contains("connect_timeout=") {
            return text.clone();
        }
        let joint = if text.contains('?') { '&' } else { '?' };
        format!("{text}{joint}connect_timeout={}", patience.as_secs().max(2))
    }

    /// The URL with the password as stars.
    pub fn masked(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{path}"),
            Self::Postgres(text) => mask(text),
        }
    }
}

/// Any URL's text with what stands between the user and the `@` as stars.
pub(crate) fn mask(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    // A password may also stand in the query, under libpq's name for it.
    let tail = match tail.find("password=") {
        Some(at) => {
            let from = at + "password=".len();
            let to = tail[from..].find('&').map_or(tail.len(), |len| from + len);
            format!("{}***{}", &tail[..from], &tail[to..])
        }
        None => tail.to_owned(),
    };
    match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{scheme}://{name}:***@{host}{tail}"),
            None => format!("{scheme}://{authority}{tail}"),
        },
        None => format!("{scheme}://{authority}{tail}"),
    }
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail
            .get(..2)
            .filter(|_| first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: DB-45
    #[test]
    fn every_driver_form_names_the_same_database() {
        let plain = Url::parse("postgresql://u:p@h:1/d?x=y").unwrap();
        for form in [
            "postgres://u:p@h:1/d?x=y",
            "postgresql+asyncpg://u:p@h:1/d?x=y",
            "postgresql+psycopg2://u:p@h:1/d?x=y",
        ] {
            assert_eq!(Url::parse(form).unwrap(), plain, "{form}");
        }
        assert_eq!(
            Url::parse("sqlite:///var/x").unwrap(),
            Url::Sqlite("/var/x".into())
        );
        assert_eq!(
            Url::parse("sqlite:data").unwrap(),
            Url::parse("sqlite://data").unwrap()
        );
        for bad in [
            "",
            "mysql://x",
            "postgres:x",
            "postgresql+rust://x",
            "sqlite:",
            "dbname=foo port=1",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_are_hidden_and_roles_found() {
        let url = Url::parse("postgres://a%40b:se@cret@h/d?password=too&x=1").unwrap();
        assert_eq!(
            url.to_string(),
            "postgresql://a%40b:***@h/d?password=***&x=1"
        );
        assert_eq!(url.role().as_deref(), Some("a@b"));
        assert_eq!(Url::parse("postgres:///d").unwrap().role(), None);
    }

    #[test]
    fn connecting_takes_no_longer_than_said() {
        let text = |url: &str| {
            let url = Url::parse(url).unwrap();
            url.with_connect_timeout(Duration::from_secs(10))
        };
        assert_eq!(
            text("postgres://h/d"),
            "postgresql://h/d?connect_timeout=10"
        );
        assert_eq!(
            text("postgres://h/d?a=b"),
            "postgresql://h/d?a=b&connect_timeout=10"
        );
        assert_eq!(
            text("postgres://h/d?connect_timeout=3"),
            "postgresql://h/d?connect_timeout=3"
        );
    }
}
