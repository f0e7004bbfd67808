//! The build script of every service crate: a new migration folder rebuilds its service.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "cargo tells build scripts through the environment, and is told through standard output"
)]

fn main() {
    let package = std::env::var("CARGO_PKG_NAME").expect("cargo names the package");
    let service = package.strip_prefix("tessera-").unwrap_or(&package);
    println!("cargo:rerun-if-changed=../../../migrations/build.rs");
    println!("cargo:rerun-if-changed=../../../migrations/{service}");
}
