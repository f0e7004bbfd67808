//! The platform's own contracts, as they stand: every rule works, and one document covers them all.

use std::path::Path;
use std::sync::Arc;

use super::fixture::{Backend, methods};
use crate::{Edge, EdgeConfig};

fn protos(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            protos(&path, found);
        } else if path.extension().is_some_and(|e| e == "proto") {
            found.push(path.to_str().unwrap().to_owned());
        }
    }
}

/// Proves: GW-01
/// Proves: GW-03
#[test]
fn every_contract_has_its_routes_in_one_document() {
    let root = format!("{}/../../proto", env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    protos(Path::new(&root).join("tessera").as_path(), &mut files);
    files.sort();
    let mut compiler = protox::Compiler::new([&root]).unwrap();
    compiler
        .include_source_info(true)
        .include_imports(true)
        .open_files(&files)
        .unwrap();
    let set = compiler.encode_file_descriptor_set();
    let table = methods(&set);
    let nobody = Arc::new(|_: &str| None::<Backend>);
    let edge = Edge::new(EdgeConfig::default(), &[&set, &set], &table, nobody).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&edge.openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let own: Vec<_> = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().values().map(move |o| (path, o)))
        .filter(|(_, operation)| operation.get("x-tessera-additional").is_none())
        .collect();
    for (path, operation) in &own {
        assert!(path.starts_with("/api/v1/"), "{path}");
        assert_ne!(operation["description"], "", "{path}");
    }
}
