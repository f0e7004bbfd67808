-- Definitions of every kind. Code, state and module are copied from the document, to search and to sort by.
CREATE TABLE definitions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    name_key TEXT NOT NULL,
    search TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'active', 'deprecated')),
    value_chain TEXT NOT NULL,
    module TEXT NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document)),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX definitions_code ON definitions (tenant, kind, code) WHERE deleted_at IS NULL;
CREATE INDEX definitions_by_code ON definitions (tenant, kind, code, id);
CREATE INDEX definitions_by_name ON definitions (tenant, kind, name_key, id);
CREATE INDEX definitions_by_created ON definitions (tenant, kind, created_at, id);
CREATE INDEX definitions_by_updated ON definitions (tenant, kind, updated_at, id);
CREATE INDEX definitions_by_module ON definitions (tenant, kind, value_chain, module);

-- Every version that a definition ever had. Rows are never changed.
CREATE TABLE definition_versions (
    definition_id BLOB NOT NULL REFERENCES definitions (id),
    version INTEGER NOT NULL,
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (definition_id, version)
) STRICT;
CREATE INDEX definition_versions_of_definition ON definition_versions (tenant, definition_id, version);

-- What live definitions refer to, by kind and code; made anew with every version.
CREATE TABLE definition_references (
    definition_id BLOB NOT NULL REFERENCES definitions (id),
    path TEXT NOT NULL,
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    from_kind TEXT NOT NULL,
    from_code TEXT NOT NULL,
    to_kind TEXT NOT NULL,
    to_code TEXT NOT NULL,
    to_part TEXT NOT NULL,
    PRIMARY KEY (definition_id, path)
) STRICT;
CREATE INDEX definition_references_to ON definition_references (tenant, to_kind, to_code, definition_id, path);
CREATE INDEX definition_references_within ON definition_references (tenant, from_kind, to_kind);

-- Tags, to filter by.
CREATE TABLE definition_tags (
    definition_id BLOB NOT NULL REFERENCES definitions (id),
    tag TEXT NOT NULL,
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    PRIMARY KEY (definition_id, tag)
) STRICT;
CREATE INDEX definition_tags_of ON definition_tags (tenant, tag, definition_id);
