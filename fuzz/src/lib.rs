//! What the fuzz targets share: the edge's two ways of transcoding, and a fixed authority.

pub mod access;
pub mod edge;
