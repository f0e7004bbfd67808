//! Compiles the gateway's test contract, whose `Everything` has every kind of field there is.

use std::{env, fs, path::Path};

fn main() {
    let (folder, contract) = ("../crates/gateway/src/testdata", "things.proto");
    println!("cargo:rerun-if-changed={folder}/{contract}");
    let mut compiler = protox::Compiler::new([folder, "../proto"]).expect("the folders exist");
    compiler
        .include_imports(true)
        .open_file(contract)
        .expect("the contract compiles");
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(
        Path::new(&out).join("things.bin"),
        compiler.encode_file_descriptor_set(),
    )
    .expect("the folder can be written to");
}
