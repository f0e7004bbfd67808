//! Documents that the binary knows by itself: error reasons and the OpenAPI document.

use super::output::print;
use crate::{edge, services};
use rpc::BoxError;
use std::process::ExitCode;

/// The reasons that every service can answer with, by where they come from, then each service's own.
pub(super) fn errors() -> Result<ExitCode, BoxError> {
    let entries = services();
    let mut groups = vec![
        ("General", error::reason::ALL),
        ("Storage", db::REASONS),
        ("JSON edge", gateway::reason::ALL),
        ("Jobs", jobs::REASONS),
        ("Redis", redis_pool::REASONS),
    ];
    groups.extend(entries.iter().map(|entry| (entry.name, entry.reasons)));
    print(error::markdown(&groups).trim_end());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn openapi() -> Result<ExitCode, BoxError> {
    print(&String::from_utf8(edge::openapi()?)?);
    Ok(ExitCode::SUCCESS)
}
