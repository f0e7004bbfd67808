-- The tables of zone 2, one for each entity of a tenant. What they look like follows the entity's definition.
CREATE TABLE tables (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    entity TEXT NOT NULL,
    entity_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('event', 'snapshot', 'dimension')),
    entity_version INTEGER NOT NULL,
    seen_version INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    name TEXT NOT NULL,
    layout TEXT NOT NULL CHECK (json_valid(layout)),
    chunk_interval TEXT CHECK (chunk_interval IN ('day', 'month', 'year')),
    state TEXT NOT NULL CHECK (state IN ('current', 'incompatible', 'orphaned')),
    problems TEXT NOT NULL CHECK (json_valid(problems)),
    rows INTEGER NOT NULL,
    data_version INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tables_entity ON tables (tenant, entity_id);
CREATE INDEX tables_by_entity ON tables (tenant, entity, id);
CREATE INDEX tables_by_rows ON tables (tenant, rows, id);
CREATE INDEX tables_by_updated ON tables (tenant, updated_at, id);

-- How many rows each span of time has. Rows without time are in one chunk, from the first moment to the last.
CREATE TABLE chunks (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    table_id BLOB NOT NULL REFERENCES tables (id),
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    data_version INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX chunks_of_table ON chunks (tenant, table_id, start_at);

-- What was found wrong with tables, and what was done about it.
CREATE TABLE drifts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    table_id BLOB NOT NULL REFERENCES tables (id),
    entity TEXT NOT NULL,
    attribute TEXT NOT NULL,
    kind TEXT NOT NULL,
    description TEXT NOT NULL,
    statements TEXT NOT NULL CHECK (json_valid(statements)),
    state TEXT NOT NULL CHECK (state IN ('found', 'repaired', 'needs_attention')),
    loss TEXT NOT NULL,
    actor TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    repaired_at INTEGER
) STRICT;
CREATE INDEX drifts_by_created ON drifts (tenant, created_at, id);
CREATE INDEX drifts_of_table ON drifts (tenant, table_id, state);
