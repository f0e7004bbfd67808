CREATE TABLE reading (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    sensor TEXT NOT NULL,
    unit TEXT NOT NULL,
    amount REAL NOT NULL,
    count INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX reading_taken ON reading (tenant, taken_at);
