//! JSON to protobuf and back, without generated code: by tables where it can, by `DynamicMessage` where it must.
//!
//! Both directions append to a buffer, so a request is a JSON body with further wire fields behind it: protobuf's
//! "the last scalar wins, messages merge" does the binding of path and query.

mod decode;
mod dynamic;
mod encode;
mod escape;
mod exact;
mod fault;
mod lexer;
mod scalar;
mod tables;
mod time;
pub(crate) mod wire;

pub use fault::{Fault, FaultKind};
pub use tables::{Field, Kind, Message, MessageId, Shape, Tables, WellKnown};

pub(crate) use escape::put_string;
pub(crate) use fault::suggestions;
pub(crate) use scalar::put_scalar;

use prost_reflect::DescriptorPool;

/// Bytes of a message that no JSON can be made of: not the message they should be.
#[derive(Debug)]
pub struct Damaged(pub String);

/// Which way to take; the tables, except in tests that hold the two ways together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By tables; to write what they do not, by the dynamic way.
    Tables,
    /// By `DynamicMessage` alone.
    Dynamic,
}

/// Transcodes the messages of a descriptor pool.
#[derive(Debug)]
pub struct Transcoder {
    pool: DescriptorPool,
    tables: Tables,
    max_depth: u32,
    defaults: bool,
    way: Way,
}

impl Transcoder {
    /// A transcoder that refuses JSON nested more deeply than `max_depth` and, with `defaults`, writes default values.
    pub fn new(pool: DescriptorPool, max_depth: u32, defaults: bool) -> Self {
        let tables = Tables::new(&pool);
        Self {
            pool,
            tables,
            max_depth,
            defaults,
            way: Way::Tables,
        }
    }

    /// The same, by another way.
    #[must_use]
    pub fn with_way(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// The descriptors.
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The tables.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Appends the wire bytes of a JSON document: a whole message, or with `field` the value of that field.
    pub fn decode(
        &self,
        id: MessageId,
        field: Option<usize>,
        json: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Box<Fault>> {
        let json = text(json)?;
        let field = field.map(|index| &self.tables.message(id).fields[index]);
        if self.way == Way::Tables {
            return match field {
                None => decode::message(&self.tables, id, json, self.max_depth, out),
                Some(field) => decode::field(&self.tables, field, json, self.max_depth, out),
            };
        }
        // bounds the depth here too, where serde_json's own bound is 128
        let mut lexer = lexer::Lexer::new(json, self.max_depth);
        lexer.skip()?;
        lexer.end()?;
        match field {
            None => dynamic::decode(&self.pool, &self.tables, id, json, out),
            Some(field) => dynamic::decode_field(&self.pool, &self.tables, field, json, out),
        }
    }

    /// Appends the JSON of wire bytes: a whole message, or with `field` the value of that field.
    pub fn encode(
        &self,
        id: MessageId,
        field: Option<usize>,
        wire: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Damaged> {
        let start = out.len();
        if self.way == Way::Tables {
            let written = match field {
                None => encode::message(&self.tables, id, wire, self.defaults, out),
                Some(index) => encode::field(&self.tables, id, index, wire, self.defaults, out),
            };
            match written {
                Ok(()) => return Ok(()),
                Err(encode::Failure::Damaged(what)) => return Err(Damaged(what.into())),
                Err(encode::Failure::Slow) => out.truncate(start),
            }
        }
        match field {
            None => dynamic::encode(&self.pool, &self.tables, id, wire, self.defaults, out),
            Some(index) => dynamic::encode_field(&self.pool, &self.tables, id, index, wire, out),
        }
        .map_err(Damaged)
    }

    /// Appends the JSON form of an `Any`, by its parts.
    pub(crate) fn encode_any(&self, url: &str, wire: &[u8], out: &mut Vec<u8>) {
        encode::typed(&self.tables, url, wire, out);
    }

    /// The fields that a JSON object names, `null` ones too: what a PATCH means to change.
    pub fn named_fields(&self, id: MessageId, json: &[u8]) -> Result<Vec<usize>, Box<Fault>> {
        decode::named_fields(&self.tables, id, text(json)?, self.max_depth)
    }
}

fn text(json: &[u8]) -> Result<&str, Box<Fault>> {
    std::str::from_utf8(json).map_err(|e| Fault::malformed(e.valid_up_to(), "not UTF-8"))
}
