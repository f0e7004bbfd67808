//! Which service is in which wing: the one place that says so for contracts, scaffolding and tidy.

/// The eight wings and their services. A service's contract is `proto/tessera/<service>`.
pub(crate) const WINGS: [(&str, &[&str]); 8] = [
    (
        "platform",
        &[
            "identity",
            "vault",
            "messaging",
            "observability",
            "resilience",
            "backup",
            "plugins",
            "ai",
        ],
    ),
    (
        "data",
        &[
            "warehouse",
            "healing",
            "archival",
            "connectors",
            "integrations",
            "ingestion",
            "resolution",
            "portability",
            "evolution",
        ],
    ),
    ("meaning", &["metadata", "governance", "acquisition"]),
    (
        "numbers",
        &["calculation", "simulation", "models", "insights"],
    ),
    ("work", &["operations", "artifacts", "agents", "personas"]),
    (
        "knowledge",
        &[
            "articles",
            "incidents",
            "codebase",
            "templates",
            "predictions",
        ],
    ),
    (
        "assist",
        &[
            "conversation",
            "design",
            "queries",
            "reports",
            "documentation",
            "agile",
            "upgrade",
            "apps",
            "voice",
            "suggestions",
        ],
    ),
    (
        "field",
        &["twins", "sensors", "proposals", "licensing", "clients"],
    ),
];
