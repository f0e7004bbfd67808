-- Results as they were published. `question` and `explanation` are messages of the contract, encoded.
CREATE TABLE publications (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    metric TEXT NOT NULL,
    metric_version INTEGER NOT NULL,
    question BLOB NOT NULL,
    explanation BLOB NOT NULL,
    unit TEXT NOT NULL,
    format TEXT NOT NULL,
    value_type TEXT NOT NULL,
    row_count INTEGER NOT NULL CHECK (row_count >= 0),
    actor TEXT NOT NULL,
    operation BLOB CHECK (length(operation) = 16),
    as_of_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
-- Lists, the latest first: ids grow.
CREATE INDEX publications_by_id ON publications (tenant, id);
CREATE INDEX publications_of_metric ON publications (tenant, metric, id);
CREATE INDEX publications_by_time ON publications (tenant, created_at, id);
-- Which entities a publication read: who sees only some of their rows does not see it.
CREATE TABLE publication_entities (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    publication BLOB NOT NULL REFERENCES publications (id) ON DELETE CASCADE,
    entity TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (publication, entity)
) STRICT, WITHOUT ROWID;
CREATE INDEX publication_entities_by_entity ON publication_entities (tenant, entity, publication);
-- The rows of publications in their order. `value_number` is the nearest double of a number, null where there is none.
CREATE TABLE metric_history (
    publication BLOB NOT NULL REFERENCES publications (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    metric TEXT NOT NULL,
    metric_version INTEGER NOT NULL,
    period_start TEXT NOT NULL,
    period_end TEXT NOT NULL,
    dimensions TEXT NOT NULL CHECK (json_valid(dimensions)),
    value_text TEXT,
    value_number REAL,
    exactness TEXT NOT NULL,
    fraction TEXT NOT NULL,
    missing TEXT NOT NULL,
    level TEXT NOT NULL,
    as_of_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (publication, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX metric_history_of_metric ON metric_history (tenant, metric, publication, ordinal);
CREATE INDEX metric_history_of_period ON metric_history (tenant, metric, period_start, publication, ordinal);
