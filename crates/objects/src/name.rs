//! Names of objects: what a folder, S3 and Azure keep alike.

use crate::OBJECT_NAME_INVALID;
use error::Error;
use object_store::path::Path;
use std::{fmt, str::FromStr};

/// Bytes of a name; S3 and Azure allow 1024 with what stands before it.
const MOST: usize = 900;
/// Bytes of a segment; file systems allow 255, and need some for files in the making.
const MOST_OF_SEGMENT: usize = 200;

/// The name of an object, or of a folder of objects: segments divided by `/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name below this one.
    ///
    /// # Errors
    /// `OBJECT_NAME_INVALID`, also if both together are too long.
    pub fn join(&self, below: &str) -> Result<Self, Error> {
        format!("{self}/{below}").parse()
    }

    pub(crate) fn path(&self) -> Path {
        Path::from(self.0.as_str())
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let fine = |c: char| c.is_ascii_alphanumeric() || "-_.=+,@~()! ".contains(c);
        let whole = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && segment.len() <= MOST_OF_SEGMENT
                && segment.chars().all(fine)
                && !segment.ends_with([' ', '.'])
        };
        if text.len() <= MOST && text.split('/').all(whole) {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(80).collect();
        Err(Error::new(
            &OBJECT_NAME_INVALID,
            format!("{shown:?} is no name of an object"),
        ))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_refused_that_some_store_would_not_keep() {
        for fine in [
            "a",
            "models/churn v2.bin",
            "t=2025-01-01/part-0.parquet",
            "(x)+~!@,",
        ] {
            assert_eq!(fine.parse::<Name>().unwrap().as_str(), fine);
        }
        let long = "a/".repeat(500) + "b";
        let wide = "a".repeat(201);
        for wrong in [
            "", "/", "/a", "a/", "a//b", ".", "a/../b", "a\\b", "a#1", "a%20b", "ä", "a\nb", "a.",
            "a ", &long, &wide,
        ] {
            let error = wrong.parse::<Name>().unwrap_err();
            assert!(error.is(&OBJECT_NAME_INVALID), "{wrong:?}");
        }
        assert!("a".parse::<Name>().unwrap().join("../b").is_err());
    }

    proptest! {
        #[test]
        fn a_name_is_kept_as_it_is(text in "\\PC{0,40}") {
            if let Ok(name) = text.parse::<Name>() {
                prop_assert_eq!(String::from(name.path()), text);
            }
        }
    }
}
