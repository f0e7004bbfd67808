//! Messages of Google's that have a JSON form of their own: times, masks, wrappers, any JSON.

use super::Decoder;
use crate::transcode::exact;
use crate::transcode::fault::{Fault, FaultKind};
use crate::transcode::lexer::Result;
use crate::transcode::scalar::put_text_form;
use crate::transcode::tables::{Message, WellKnown};
use crate::transcode::wire::put_varint;

impl<'a> Decoder<'a> {
    pub(super) fn well_known(&mut self, message: &'a Message, out: &mut Vec<u8>) -> Result<()> {
        let form = message.well_known;
        match form {
            WellKnown::Timestamp | WellKnown::Duration | WellKnown::FieldMask => {
                self.lexer.peek();
                let at = self.lexer.at;
                let text = self.lexer.string()?;
                let text = self.lexer.str(&text);
                put_text_form(form, text, out).ok_or_else(|| {
                    let what = match form {
                        WellKnown::Timestamp => "timestamp such as 2026-01-31T12:00:00Z",
                        WellKnown::Duration => "duration such as 1.5s",
                        _ => "field mask such as displayName,state",
                    };
                    Fault::malformed(at, format!("{text:?} is no {what}"))
                })
            }
            // their one field has their JSON form
            WellKnown::Wrapper | WellKnown::Struct | WellKnown::ListValue => {
                self.field(&message.fields[0], out)
            }
            WellKnown::Value => {
                let member = match self.lexer.peek() {
                    b'n' => 1,
                    b'"' => 3,
                    b't' | b'f' => 4,
                    b'{' => 5,
                    b'[' => 6,
                    _ => 2,
                };
                let index = message
                    .by_number(member)
                    .expect("google.protobuf.Value has six members");
                let field = &message.fields[index];
                put_varint(out, u64::from(field.tag));
                if member != 2 {
                    return self.value(field.kind, out);
                }
                // the contract names no type that would say how much of a number may be lost: nothing
                let at = self.lexer.at;
                let number = self.lexer.number()?;
                let value = exact::double(number)
                    .ok_or_else(|| Fault::new(at, FaultKind::Inexact(shortened(number))))?;
                out.extend_from_slice(&value.to_le_bytes());
                Ok(())
            }
            WellKnown::Any => self.any(out),
            WellKnown::No => unreachable!("an ordinary message has members"),
        }
    }
}

/// As much of a number as fits into a sentence.
fn shortened(number: &str) -> String {
    match number.get(..40) {
        Some(start) if number.len() > 40 => format!("{start}…"),
        _ => number.to_owned(),
    }
}
