//! Objects: bytes under names, in a local folder, in S3 or in Azure Blob Storage. They are streamed in and out, their
//! SHA-256 is computed on the way and checked, and content is kept once under the name that its digest makes.

mod client;
mod content;
mod digest;
mod fault;
mod get;
mod list;
mod local;
mod name;
mod open;
mod put;
mod settings;
mod store;

pub use content::{Content, Kept};
pub use digest::Digest;
pub use fault::{
    OBJECT_DAMAGED, OBJECT_DIGEST_MISMATCH, OBJECT_NAME_INVALID, OBJECT_STORE_REFUSED,
    OBJECT_STORE_UNAVAILABLE, OBJECT_TOO_LARGE, REASONS,
};
pub use get::{Body, Get, Object};
pub use list::Listing;
pub use name::Name;
pub use put::{Put, Stored, When};
pub use settings::ObjectsConfig;
pub use store::{About, Etag, Objects};
