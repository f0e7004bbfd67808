-- The tables of zone 2, one for each entity of a tenant. What they look like follows the entity's definition.
CREATE TABLE tables (
    id uuid NOT NULL PRIMARY KEY,
    tenant uuid NOT NULL,
    entity text COLLATE "C" NOT NULL,
    entity_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('event', 'snapshot', 'dimension')),
    entity_version bigint NOT NULL,
    seen_version bigint NOT NULL,
    generation integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    layout jsonb NOT NULL,
    chunk_interval text COLLATE "C" CHECK (chunk_interval IN ('day', 'month', 'year')),
    state text COLLATE "C" NOT NULL CHECK (state IN ('current', 'incompatible', 'orphaned')),
    problems jsonb NOT NULL,
    rows bigint NOT NULL,
    data_version bigint NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX tables_entity ON tables (tenant, entity_id);
CREATE INDEX tables_by_entity ON tables (tenant, entity, id);
CREATE INDEX tables_by_rows ON tables (tenant, rows, id);
CREATE INDEX tables_by_updated ON tables (tenant, updated_at, id);
ALTER TABLE tables ENABLE ROW LEVEL SECURITY;
ALTER TABLE tables FORCE ROW LEVEL SECURITY;
CREATE POLICY tables_of_tenant ON tables
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- How many rows each span of time has. Rows without time are in one chunk, from the first moment to the last.
CREATE TABLE chunks (
    id uuid NOT NULL PRIMARY KEY,
    tenant uuid NOT NULL,
    table_id uuid NOT NULL REFERENCES tables (id),
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    rows bigint NOT NULL,
    data_version bigint NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX chunks_of_table ON chunks (tenant, table_id, start_at);
ALTER TABLE chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE chunks FORCE ROW LEVEL SECURITY;
CREATE POLICY chunks_of_tenant ON chunks
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- What was found wrong with tables, and what was done about it.
CREATE TABLE drifts (
    id uuid NOT NULL PRIMARY KEY,
    tenant uuid NOT NULL,
    table_id uuid NOT NULL REFERENCES tables (id),
    entity text COLLATE "C" NOT NULL,
    attribute text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    statements jsonb NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('found', 'repaired', 'needs_attention')),
    loss text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    repaired_at timestamptz
);
CREATE INDEX drifts_by_created ON drifts (tenant, created_at, id);
CREATE INDEX drifts_of_table ON drifts (tenant, table_id, state);
ALTER TABLE drifts ENABLE ROW LEVEL SECURITY;
ALTER TABLE drifts FORCE ROW LEVEL SECURITY;
CREATE POLICY drifts_of_tenant ON drifts
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
