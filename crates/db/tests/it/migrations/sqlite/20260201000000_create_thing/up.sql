CREATE TABLE thing (
    id BLOB NOT NULL PRIMARY KEY,
    tenant BLOB NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'done')),
    amount TEXT NOT NULL,
    doc TEXT NOT NULL CHECK (json_valid(doc)),
    hits INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX thing_name ON thing (tenant, name);
CREATE TABLE part (
    id BLOB NOT NULL PRIMARY KEY,
    thing_id BLOB NOT NULL REFERENCES thing (id)
) STRICT;
