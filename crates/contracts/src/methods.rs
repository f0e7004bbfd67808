//! The method table: who may call an RPC and how callers may treat it, from `tessera.options.v1.rpc`.

use prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, MethodDescriptor, Value};
use std::{error::Error, fmt::Write};

/// `pub static METHODS: &[Method]` of the given files.
pub(crate) fn generate(
    pool: &DescriptorPool,
    files: &[FileDescriptor],
) -> Result<String, Box<dyn Error>> {
    let rpc = pool.get_extension_by_name("tessera.options.v1.rpc");
    let http = pool.get_extension_by_name("google.api.http");
    let mut out =
        String::from("/// Every RPC of these contracts.\npub static METHODS: &[Method] = &[\n");
    for method in files
        .iter()
        .filter(|file| file.package_name().starts_with("tessera."))
        .flat_map(|file| file.services().collect::<Vec<_>>())
        .flat_map(|s| s.methods().collect::<Vec<_>>())
    {
        let options = method.options();
        let rule = rpc
            .as_ref()
            .filter(|rpc| options.has_extension(rpc))
            .map(|rpc| options.get_extension(rpc).into_owned());
        let Some(Value::Message(rule)) = rule else {
            return Err(format!(
                "{}: option (tessera.options.v1.rpc) is missing",
                method.full_name()
            )
            .into());
        };
        let bound = http
            .as_ref()
            .is_some_and(|http| options.has_extension(http));
        row(&method, &rule, bound, &mut out)?;
    }
    out.push_str("];\n");
    Ok(out)
}

fn row(
    method: &MethodDescriptor,
    rule: &DynamicMessage,
    http: bool,
    out: &mut String,
) -> Result<(), Box<dyn Error>> {
    let service = method.parent_service();
    let name = method.full_name();
    let fail = |why: &str| Err::<(), Box<dyn Error>>(format!("{name}: {why}").into());
    let text = |field: &str| match rule.get_field_by_name(field).map(|v| v.into_owned()) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let number = |field: &str| match rule.get_field_by_name(field).map(|v| v.into_owned()) {
        Some(Value::U32(number)) => number as i32,
        Some(Value::EnumNumber(number)) => number,
        _ => 0,
    };
    let permission = text("permission");
    let visibility = match number("visibility") {
        1 => "Public",
        2 => "User",
        3 => "Internal",
        _ => return fail("visibility is not given"),
    };
    let idempotency = match number("idempotency") {
        1 => "Read",
        2 => "Idempotent",
        3 => "Unsafe",
        _ => return fail("idempotency is not given"),
    };
    match visibility {
        "User" if permission.is_empty() => return fail("a USER RPC needs a permission"),
        "Public" | "Internal" if !permission.is_empty() => {
            return fail("only USER RPCs have a permission");
        }
        "Internal" if http => return fail("an INTERNAL RPC has no HTTP rule"),
        "Public" | "User" if !http => return fail("option (google.api.http) is missing"),
        _ => {}
    }
    let package = service.package_name();
    let short = package
        .split('.')
        .nth(1)
        .ok_or("a package is tessera.<service>.<version>")?;
    if !permission.is_empty() && !permission.starts_with(&format!("{short}.")) {
        return fail("the permission starts with the service's name");
    }
    writeln!(
        out,
        "    Method {{ service: {short:?}, grpc_service: {full:?}, name: {bare:?}, path: \"/{full}/{bare}\", \
         permission: {permission:?}, visibility: Visibility::{visibility}, idempotency: Idempotency::{idempotency}, \
         cache_seconds: {cache}, audit: {audit}, timeout_seconds: {timeout}, client_streaming: {cs}, \
         server_streaming: {ss}, http: {http} }},",
        full = service.full_name(),
        bare = method.name(),
        cache = number("cache_seconds"),
        audit = number("audit") == 1,
        timeout = number("timeout_seconds"),
        cs = method.is_client_streaming(),
        ss = method.is_server_streaming(),
    )?;
    Ok(())
}
