//! The state of a checkpoint as it is kept: compressed where that helps, and checked when it is read.

use crate::{model::record::Progress, reasons::CHECKPOINT_DAMAGED};
use error::Error;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};

/// A state of this size or more is compressed.
const LARGE: usize = 1024;
/// No state is larger.
const MOST: usize = 16 << 20;

db::text_enum! {
    /// How a state is kept.
    pub enum Encoding { Plain = "none", Gzip = "gzip" }
}

db::text_enum! {
    /// Of which sort a checkpoint is.
    pub enum CheckpointType { Manual = "manual", Automatic = "automatic", Step = "step", Milestone = "milestone" }
}

/// What a checkpoint saves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The job's own state, where the job made the checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Value>,
    /// How far it was.
    pub progress: Progress,
}

/// A saved state in the form it is kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) encoding: Encoding,
    pub(crate) bytes: Vec<u8>,
    pub(crate) size: usize,
    pub(crate) sha256: String,
}

/// Packs a state.
pub(crate) fn pack(saved: &Saved) -> Result<Packed, Error> {
    let plain = serde_json::to_vec(saved).map_err(Error::internal)?;
    if plain.len() > MOST {
        return Err(Error::new(
            &error::reason::MESSAGE_TOO_LARGE,
            format!(
                "the state of a checkpoint has {} bytes, and {MOST} are allowed",
                plain.len()
            ),
        ));
    }
    let (size, sha256) = (plain.len(), hex(&Sha256::digest(&plain)));
    if size >= LARGE {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&plain).map_err(Error::internal)?;
        let bytes = encoder.finish().map_err(Error::internal)?;
        if bytes.len() < size {
            return Ok(Packed {
                encoding: Encoding::Gzip,
                bytes,
                size,
                sha256,
            });
        }
    }
    Ok(Packed {
        encoding: Encoding::Plain,
        bytes: plain,
        size,
        sha256,
    })
}

/// Unpacks a state; one that is not what was packed is refused.
pub(crate) fn unpack(encoding: Encoding, bytes: &[u8], sha256: &str) -> Result<Saved, Error> {
    let damaged = |what: &str| Error::new(&CHECKPOINT_DAMAGED, what);
    let mut plain = Vec::new();
    match encoding {
        Encoding::Plain => plain.extend_from_slice(bytes),
        Encoding::Gzip => {
            GzDecoder::new(bytes)
                .take(MOST as u64 + 1)
                .read_to_end(&mut plain)
                .map_err(|cause| damaged("its compressed form is damaged").with_source(cause))?;
        }
    }
    if hex(&Sha256::digest(&plain)) != sha256 {
        return Err(damaged("its state has another hash than when it was saved"));
    }
    serde_json::from_slice(&plain)
        .map_err(|cause| damaged("its state is no JSON").with_source(cause))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Proves: OP-09
        #[test]
        fn what_is_packed_comes_back(text in ".{0,3000}") {
            let saved = Saved { state: Some(Value::String(text)), progress: Progress::default() };
            let packed = pack(&saved).unwrap();
            prop_assert!(packed.bytes.len() <= packed.size);
            prop_assert_eq!(unpack(packed.encoding, &packed.bytes, &packed.sha256).unwrap(), saved);
        }

        #[test]
        fn a_flipped_bit_is_seen(at in 0_usize..2000, bit in 0_u8..8) {
            let saved = Saved { state: Some(Value::String("x".repeat(2000))), progress: Progress::default() };
            let mut packed = pack(&saved).unwrap();
            let at = at % packed.bytes.len();
            packed.bytes[at] ^= 1 << bit;
            match unpack(packed.encoding, &packed.bytes, &packed.sha256) {
                // Bits of the gzip head, such as its time, are no part of the state.
                Ok(same) => prop_assert_eq!(same, saved),
                Err(error) => prop_assert_eq!(error.reason(), "CHECKPOINT_DAMAGED"),
            }
        }
    }

    #[test]
    fn a_large_state_is_kept_smaller() {
        let saved = Saved {
            state: Some(serde_json::json!({"rows": vec!["abc"; 2000]})),
            ..Saved::default()
        };
        let packed = pack(&saved).unwrap();
        assert_eq!(packed.encoding, Encoding::Gzip);
        assert!(packed.bytes.len() * 10 < packed.size);
    }
}
