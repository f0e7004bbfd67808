//! Section `[objects]`: where objects are kept.

use config::{ByteSize, Problems, Secret, Span, Validate};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Section `[objects]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectsConfig {
    /// `s3://bucket/folder`, `azure://account/container/folder`, or `file:///folder`; empty is a folder of the installation.
    pub url: String,
    /// The server, if it is not the provider's own: `https://storage.example`.
    pub endpoint: String,
    /// The region, for S3.
    pub region: String,
    /// S3's access key id. Without it, and without a key for Azure, the machine's own identity is used.
    pub key_id: String,
    /// S3's secret access key, or Azure's account key.
    pub key: Secret,
    /// S3's session token, or Azure's shared access signature.
    pub token: Secret,
    /// Whether a server may be spoken to without TLS; only for one on the same machine.
    pub allow_http: bool,
    /// How long making a connection may take.
    pub connect_timeout: Span,
    /// How long a request may take, and how long a stream may stand still.
    pub timeout: Span,
    /// How often a request that failed in passing is sent again.
    pub retries: usize,
    /// How much goes in one piece; larger objects are sent in pieces of this size.
    pub part: ByteSize,
    /// The largest object.
    pub largest: ByteSize,
}

impl Default for ObjectsConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            endpoint: String::new(),
            region: "us-east-1".into(),
            key_id: String::new(),
            key: Secret::default(),
            token: Secret::default(),
            allow_http: false,
            connect_timeout: Span::from_secs(5),
            timeout: Span::from_secs(30),
            retries: 3,
            part: ByteSize::from_mib(8),
            largest: ByteSize::from_mib(64 << 10),
        }
    }
}

/// Where objects are, read from the address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder of this machine; none named is the installation's own.
    Folder(Option<PathBuf>),
    /// A bucket and the folder in it.
    S3(String, String),
    /// An account, a container, and the folder in it.
    Azure(String, String, String),
}

impl ObjectsConfig {
    pub(crate) fn place(&self) -> Option<Place> {
        let word = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let folder = |text: &str| {
            let folder = text.trim_end_matches('/');
            (folder.is_empty() || folder.parse::<crate::Name>().is_ok()).then(|| folder.to_owned())
        };
        if self.url.is_empty() {
            return Some(Place::Folder(None));
        }
        if let Some(path) = self.url.strip_prefix("file://") {
            return path
                .starts_with('/')
                .then(|| Place::Folder(Some(path.into())));
        }
        if let Some(rest) = self.url.strip_prefix("s3://") {
            let (bucket, below) = rest.split_once('/').unwrap_or((rest, ""));
            return Some(Place::S3(word(bucket)?, folder(below)?));
        }
        let rest = self.url.strip_prefix("azure://")?;
        let (account, rest) = rest.split_once('/')?;
        let (container, below) = rest.split_once('/').unwrap_or((rest, ""));
        Some(Place::Azure(
            word(account)?,
            word(container)?,
            folder(below)?,
        ))
    }
}

impl Validate for ObjectsConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.check(
            self.place().is_some(),
            "url",
            "must be empty, \"s3://bucket/folder\", \"azure://account/container/folder\" or \"file:///folder\"",
        );
        let plain = self.endpoint.starts_with("http://");
        problems.check(
            self.endpoint.is_empty() || plain || self.endpoint.starts_with("https://"),
            "endpoint",
            "must be empty or an address such as \"https://storage.example\"",
        );
        problems.check(
            !plain || self.allow_http,
            "endpoint",
            "must begin with https://, unless allow_http = true",
        );
        problems.check(
            self.key_id.is_empty() || !self.key.is_empty(),
            "key",
            "must be set together with key_id",
        );
        // S3 takes no smaller pieces, and 10,000 of them.
        let (part, largest) = (self.part.get(), self.largest.get());
        problems.check(
            (5 << 20..=1 << 30).contains(&part),
            "part",
            "must be between 5MiB and 1GiB",
        );
        problems.check(
            largest <= part.saturating_mul(10_000),
            "largest",
            "must be at most 10,000 times part",
        );
        for (key, span) in [
            ("connect_timeout", self.connect_timeout),
            ("timeout", self.timeout),
        ] {
            problems.check(!span.is_zero(), key, "must be positive");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ObjectsConfig, String> {
        let table = format!("[objects]\n{text}").parse().expect("TOML");
        config::section(&table, "objects").map_err(|error| error.to_string())
    }

    fn place(url: &str) -> Option<Place> {
        ObjectsConfig {
            url: url.into(),
            ..ObjectsConfig::default()
        }
        .place()
    }

    #[test]
    fn addresses_are_places() {
        let text = |text: &str| text.to_owned();
        assert_eq!(place(""), Some(Place::Folder(None)));
        assert_eq!(
            place("file:///var/objects"),
            Some(Place::Folder(Some("/var/objects".into())))
        );
        assert_eq!(place("s3://b"), Some(Place::S3(text("b"), text(""))));
        assert_eq!(
            place("s3://b/a/b/"),
            Some(Place::S3(text("b"), text("a/b")))
        );
        assert_eq!(
            place("azure://a/c/f"),
            Some(Place::Azure(text("a"), text("c"), text("f")))
        );
        for wrong in [
            "s3://",
            "azure://a",
            "azure:///c",
            "file://x",
            "gs://b",
            "s3://b/../c",
        ] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_is_named_and_keys_are_never_shown() {
        let refused = read("url = \"ftp://x\"\npart = \"1MiB\"\nkey_id = \"k\"").unwrap_err();
        for key in [
            "objects.url",
            "objects.part",
            "objects.key:",
            "objects.largest",
        ] {
            assert!(refused.contains(key), "{key}: {refused}");
        }
        let plain = "endpoint = \"http://127.0.0.1:9000\"";
        assert!(read(plain).unwrap_err().contains("allow_http"));
        assert!(read(&format!("{plain}\nallow_http = true")).is_ok());
        let config = read("key = \"hunter2\"\ntoken = \"hunter3\"").unwrap();
        assert!(!format!("{config:?}").contains("hunter"));
    }
}
