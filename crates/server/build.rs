//! Takes the built console into the binary: what stands in `console/dist` when the crate is compiled, or nothing.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "cargo tells build scripts through the environment, and is told through standard output"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    // The folder is always there, for its README: a missing one would rebuild this crate every time.
    let dist = env::var_os("TESSERA_CONSOLE_DIST")
        .map_or_else(|| PathBuf::from("../../console/dist"), PathBuf::from);
    println!("cargo:rerun-if-env-changed=TESSERA_CONSOLE_DIST");
    println!("cargo:rerun-if-changed={}", dist.display());
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the folder"));
    // A copy, so that a console built meanwhile does not mix two builds.
    let copy = out.join("console");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    let mut files = Vec::new();
    if dist.join("index.html").exists() {
        copy_files(&dist, &copy, "", &mut files)?;
    }
    files.sort();
    let mut table = String::from("&[\n");
    for path in &files {
        let at = copy.join(path);
        let optional = |ending: &str| {
            let packed = PathBuf::from(format!("{}.{ending}", at.display()));
            if packed.exists() {
                format!("Some(include_bytes!({packed:?}))")
            } else {
                "None".to_owned()
            }
        };
        let hash = fs::read(&at)?
            .iter()
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, &byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        writeln!(
            table,
            "File {{ path: \"/{path}\", etag: \"{hash:016x}\", plain: include_bytes!({at:?}), gzip: {}, brotli: {} }},",
            optional("gz"),
            optional("br"),
        )
        .expect("writing to a string");
    }
    table.push(']');
    fs::write(out.join("console.rs"), table)
}

/// Copies what browsers ask for, and its packed forms beside it; `files` gets the paths of the former.
fn copy_files(from: &Path, to: &Path, below: &str, files: &mut Vec<String>) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            let inner = format!("{below}{name}/");
            copy_files(&entry.path(), &to.join(&name), &inner, files)?;
            continue;
        }
        if below.is_empty() && matches!(name.as_str(), "README.md" | "manifest.json" | ".stamp") {
            continue;
        }
        fs::copy(entry.path(), to.join(&name))?;
        if !name.ends_with(".gz") && !name.ends_with(".br") {
            files.push(format!("{below}{name}"));
        }
    }
    Ok(())
}
