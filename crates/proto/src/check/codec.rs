//! The codec of all generated clients and servers: prost's, plus the checks of the contract.

use super::{Check, Path, Violation};
use error::Error;
use prost::Message;
use std::marker::PhantomData;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder},
};
use tonic_prost::ProstEncoder;

/// Encodes with prost; decodes with prost, then checks what is some RPC's input.
#[derive(Debug)]
pub struct Checked<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Checked<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for Checked<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Check + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = CheckedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(Default::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        CheckedDecoder(PhantomData)
    }
}

/// The decoding half of [`Checked`].
#[derive(Debug)]
pub struct CheckedDecoder<U>(PhantomData<U>);

impl<U: Message + Default + Check> Decoder for CheckedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let message = U::decode(buffer).map_err(|cause| malformed::<U>(&cause))?;
        if U::INPUT {
            let mut violations = Vec::new();
            message.check(&mut Path::default(), &mut violations);
            if !violations.is_empty() {
                return Err(refusal(violations).into());
            }
        }
        Ok(Some(message))
    }
}

/// Bytes that are no such message: the caller's fault in a request, the server's in an answer.
fn malformed<U: Check>(cause: &prost::DecodeError) -> Status {
    if U::INPUT {
        let text = format!("the request is not a valid protobuf message: {cause}");
        Error::new(&error::reason::MALFORMED_MESSAGE, text).into()
    } else {
        Status::internal(format!(
            "the answer is not a valid protobuf message: {cause}"
        ))
    }
}

fn refusal(violations: Vec<Violation>) -> Error {
    let violations = violations
        .into_iter()
        .map(|violation| error::Violation {
            field: violation.field,
            reason: violation.rule.to_owned(),
            description: violation.description.to_owned(),
        })
        .collect();
    Error::invalid(violations)
}
