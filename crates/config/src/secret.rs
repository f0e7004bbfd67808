//! Secrets: settings that are never shown.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, path::PathBuf};

/// A password, key or token. Written in the file as a string, or as `{ file = "path" }` that is read
/// at start. Prints as stars everywhere.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// A secret from a value at hand.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself. Never log what this returns.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "***" })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a string or { file = \"path\" }")]
        enum Written {
            Inline(String),
            File { file: PathBuf },
        }
        match Written::deserialize(deserializer)? {
            Written::Inline(value) => Ok(Self(value)),
            Written::File { file } => match std::fs::read_to_string(&file) {
                Ok(text) => Ok(Self(text.trim_end_matches(['\n', '\r']).to_owned())),
                Err(cause) => Err(D::Error::custom(format!(
                    "cannot read {}: {cause}",
                    file.display()
                ))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Holder {
        key: Secret,
    }

    #[test]
    fn a_secret_is_never_shown() {
        let holder: Holder = toml::from_str("key = \"hunter2\"").unwrap();
        assert_eq!(holder.key.expose(), "hunter2");
        let shown = format!(
            "{holder:?} {} {}",
            holder.key,
            toml::to_string(&holder).unwrap()
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_secret_can_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "from file\n").unwrap();
        let text = format!("key = {{ file = {path:?} }}");
        assert_eq!(
            toml::from_str::<Holder>(&text).unwrap().key.expose(),
            "from file"
        );
        let missing =
            toml::from_str::<Holder>("key = { file = \"/nonexistent/key\" }").unwrap_err();
        assert!(
            missing.to_string().contains("/nonexistent/key"),
            "{missing}"
        );
    }
}
