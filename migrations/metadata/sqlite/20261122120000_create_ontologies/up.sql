-- One row for each tenant that has or had definitions: counts the changes of its entities, metrics and relationships.
CREATE TABLE ontologies (
    tenant BLOB NOT NULL PRIMARY KEY CHECK (length(tenant) = 16),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO ontologies (tenant, version, created_at, updated_at)
    SELECT tenant, count(*), min(created_at), max(updated_at) FROM definitions GROUP BY tenant;
