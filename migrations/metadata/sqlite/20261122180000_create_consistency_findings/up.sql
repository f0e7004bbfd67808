-- What the background check found wrong with definitions. A row is open until the check no longer finds the same.
CREATE TABLE consistency_findings (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    definition_id BLOB NOT NULL REFERENCES definitions (id),
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    field TEXT NOT NULL,
    reason TEXT NOT NULL,
    description TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    resolved_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX consistency_findings_open ON consistency_findings (tenant, definition_id, fingerprint)
    WHERE resolved_at IS NULL;
CREATE INDEX consistency_findings_by_id ON consistency_findings (tenant, id);

-- Counts the changes of all kinds, and how many of them the last check had seen.
ALTER TABLE ontologies ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ontologies ADD COLUMN checked_changes INTEGER NOT NULL DEFAULT -1;
ALTER TABLE ontologies ADD COLUMN checked_at INTEGER;
-- How the rows of definition_references were derived; the check derives older ones anew.
ALTER TABLE ontologies ADD COLUMN references_format INTEGER NOT NULL DEFAULT 0;
