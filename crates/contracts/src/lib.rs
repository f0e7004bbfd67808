//! What the build script of every contracts crate does: it turns `proto/` into Rust messages, clients,
//! servers, checks and method tables, without protoc. `tessera-proto` gets what all wings share;
//! `tessera-proto-<wing>` gets the services of its wing. A crate, and paths relative to the package, so
//! that two clones with one target folder never take each other's code for their own.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "cargo tells build scripts through the environment, and is told through standard output"
)]

mod checks;
mod lint;
mod methods;
mod names;
mod redact;
mod rules;
mod wings;

use prost_reflect::DescriptorPool;
use std::{
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
};

/// Packages whose Rust types live in the `proto` crate and are named from there by the wings.
const SHARED: [&str; 8] = [
    "google.api",
    "google.longrunning",
    "google.rpc",
    "io.cloudevents.v1",
    "tessera.jobs.v1",
    "tessera.mesh.v1",
    "tessera.options.v1",
    "tessera.type.v1",
];
/// Files that exist for their options only; no Rust is made from them.
const OPTIONS_ONLY: [&str; 6] = [
    "buf/validate/validate.proto",
    "google/api/annotations.proto",
    "google/api/client.proto",
    "google/api/field_behavior.proto",
    "google/api/http.proto",
    "google/api/launch_stage.proto",
];

/// Where the workspace is from a contracts crate, which is where its build script runs.
const ROOT: &str = "../..";

/// Generates the contracts of the package whose build script calls it, as `CARGO_PKG_NAME` names it, into
/// `OUT_DIR`. Fails where a contract breaks a rule of the house or names a check that is not known.
pub fn generate() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(ROOT);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let protos = root.join("proto");
    let wing = env::var("CARGO_PKG_NAME")?
        .strip_prefix("tessera-proto-")
        .map(str::to_owned);

    println!("cargo:rerun-if-changed=build.rs");
    let files = match &wing {
        Some(wing) => wing_files(&protos, wing)?,
        None => shared_files(&protos)?,
    };

    let mut compiler = protox::Compiler::new([&protos])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(&files)?;
    let descriptors = compiler.encode_file_descriptor_set();
    let pool = DescriptorPool::decode(descriptors.as_slice())?;
    let own: Vec<_> = pool
        .files()
        .filter(|file| {
            let package = file.package_name();
            !OPTIONS_ONLY.contains(&file.name())
                && (wing.is_none()
                    != (package.starts_with("tessera.") && !SHARED.contains(&package)))
                && (wing.is_none() || package.starts_with("tessera."))
                && !package.starts_with("google.protobuf")
        })
        .collect();
    lint::check(&own)?;
    write_if_changed(&out.join("descriptors.bin"), &descriptors)?;
    write_if_changed(
        &out.join("checks.rs"),
        checks::generate(&pool, &own, wing.is_some())?.as_bytes(),
    )?;
    write_if_changed(
        &out.join("methods.rs"),
        methods::generate(&pool, &own)?.as_bytes(),
    )?;

    if wing.is_none() {
        test_contract(&root, &out)?;
    }

    let mut typed = compiler.file_descriptor_set();
    typed
        .file
        .retain(|file| !OPTIONS_ONLY.contains(&file.name()));
    let mut config = prost_build::Config::new();
    let (redacted, code) = redact::generate(&own);
    write_if_changed(&out.join("redacted.rs"), code.as_bytes())?;
    config.bytes(["."]).btree_map(["."]).skip_debug(redacted);
    if wing.is_some() {
        for package in SHARED {
            // prost escapes keywords among the segments itself.
            let path = format!("::proto::{}", package.replace('.', "::"));
            config.extern_path(format!(".{package}"), path);
        }
    }
    let codec = match wing {
        Some(_) => "::proto::check::Checked",
        None => "crate::check::Checked",
    };
    tonic_prost_build::configure()
        .include_file("mod.rs")
        .emit_rerun_if_changed(false)
        .generate_default_stubs(true)
        .codec_path(codec)
        .compile_fds_with_config(typed, config)?;
    Ok(())
}

/// The contract that the tests of the generated checks run on, and proof that an unknown rule fails.
fn test_contract(root: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let data = root.join("crates/proto/testdata");
    println!("cargo:rerun-if-changed={}", data.display());
    let compile = |file: &str| -> Result<_, Box<dyn Error>> {
        let mut compiler = protox::Compiler::new([&data, &root.join("proto")])?;
        compiler.include_imports(true).open_file(file)?;
        let pool = DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice())?;
        let own: Vec<_> = pool
            .files()
            .filter(|file| file.package_name() == "rules.v1")
            .collect();
        Ok((compiler, checks::generate(&pool, &own, false)))
    };
    let (compiler, checks) = compile("rules.proto")?;
    write_if_changed(&out.join("rules_checks.rs"), checks?.as_bytes())?;
    let refusal = match compile("unknown_rule.proto")?.1 {
        Ok(_) => String::new(),
        Err(refusal) => refusal.to_string(),
    };
    println!("cargo:rustc-env=UNKNOWN_RULE_REFUSAL={refusal}");

    let folder = out.join("rules");
    fs::create_dir_all(&folder)?;
    let mut typed = compiler.file_descriptor_set();
    typed
        .file
        .retain(|file| !OPTIONS_ONLY.contains(&file.name()));
    let mut config = prost_build::Config::new();
    config.bytes(["."]).btree_map(["."]).out_dir(folder);
    config.compile_fds(typed)?;
    Ok(())
}

/// What every wing shares: our options and types, the mesh contract, google's status and operations.
fn shared_files(protos: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for folder in [
        "tessera/jobs",
        "tessera/mesh",
        "tessera/options",
        "tessera/type",
    ] {
        collect(&protos.join(folder), &mut files)?;
    }
    for file in [
        "google/api/httpbody.proto",
        "google/longrunning/operations.proto",
        "google/rpc/error_details.proto",
        "google/rpc/status.proto",
        "io/cloudevents/v1/cloudevents.proto",
    ] {
        files.push(protos.join(file));
    }
    Ok(files)
}

/// The contracts of one wing's services, in the order of the table of wings.
fn wing_files(protos: &Path, wing: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let services = wings::WINGS
        .iter()
        .find(|(name, _)| *name == wing)
        .ok_or_else(|| format!("crates/contracts/src/wings.rs knows no wing {wing:?}"))?
        .1;
    let mut files = Vec::new();
    for service in services {
        let folder = protos.join("tessera").join(service);
        if folder.is_dir() {
            collect(&folder, &mut files)?;
        }
    }
    if files.is_empty() {
        return Err(format!("wing {wing:?} has no contract under proto/tessera").into());
    }
    Ok(files)
}

/// All `.proto` files below a folder, sorted, so that the output does not depend on the disk.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    if !folder.is_dir() {
        return Ok(());
    }
    let mut entries: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Leaves an unchanged file alone, so that rustc's incremental cache still fits.
fn write_if_changed(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    fs::write(path, content)
}
