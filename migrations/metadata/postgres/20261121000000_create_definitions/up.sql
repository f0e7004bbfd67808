-- Definitions of every kind. Code, state and module are copied from the document, to search and to sort by.
CREATE TABLE definitions (
    id uuid NOT NULL PRIMARY KEY,
    tenant uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    name_key text COLLATE "C" NOT NULL,
    search text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('draft', 'active', 'deprecated')),
    value_chain text COLLATE "C" NOT NULL,
    module text COLLATE "C" NOT NULL,
    document jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz
);
CREATE UNIQUE INDEX definitions_code ON definitions (tenant, kind, code) WHERE deleted_at IS NULL;
CREATE INDEX definitions_by_code ON definitions (tenant, kind, code, id);
CREATE INDEX definitions_by_name ON definitions (tenant, kind, name_key, id);
CREATE INDEX definitions_by_created ON definitions (tenant, kind, created_at, id);
CREATE INDEX definitions_by_updated ON definitions (tenant, kind, updated_at, id);
CREATE INDEX definitions_by_module ON definitions (tenant, kind, value_chain, module);
ALTER TABLE definitions ENABLE ROW LEVEL SECURITY;
ALTER TABLE definitions FORCE ROW LEVEL SECURITY;
CREATE POLICY definitions_of_tenant ON definitions
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Every version that a definition ever had. Rows are never changed.
CREATE TABLE definition_versions (
    definition_id uuid NOT NULL REFERENCES definitions (id),
    version bigint NOT NULL,
    tenant uuid NOT NULL,
    action text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    document jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (definition_id, version)
);
CREATE INDEX definition_versions_of_definition ON definition_versions (tenant, definition_id, version);
ALTER TABLE definition_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE definition_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY definition_versions_of_tenant ON definition_versions
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- What live definitions refer to, by kind and code; made anew with every version.
CREATE TABLE definition_references (
    definition_id uuid NOT NULL REFERENCES definitions (id),
    path text COLLATE "C" NOT NULL,
    tenant uuid NOT NULL,
    from_kind text COLLATE "C" NOT NULL,
    from_code text COLLATE "C" NOT NULL,
    to_kind text COLLATE "C" NOT NULL,
    to_code text COLLATE "C" NOT NULL,
    to_part text COLLATE "C" NOT NULL,
    PRIMARY KEY (definition_id, path)
);
CREATE INDEX definition_references_to ON definition_references (tenant, to_kind, to_code, definition_id, path);
CREATE INDEX definition_references_within ON definition_references (tenant, from_kind, to_kind);
ALTER TABLE definition_references ENABLE ROW LEVEL SECURITY;
ALTER TABLE definition_references FORCE ROW LEVEL SECURITY;
CREATE POLICY definition_references_of_tenant ON definition_references
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Tags, to filter by.
CREATE TABLE definition_tags (
    definition_id uuid NOT NULL REFERENCES definitions (id),
    tag text COLLATE "C" NOT NULL,
    tenant uuid NOT NULL,
    PRIMARY KEY (definition_id, tag)
);
CREATE INDEX definition_tags_of ON definition_tags (tenant, tag, definition_id);
ALTER TABLE definition_tags ENABLE ROW LEVEL SECURITY;
ALTER TABLE definition_tags FORCE ROW LEVEL SECURITY;
CREATE POLICY definition_tags_of_tenant ON definition_tags
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
