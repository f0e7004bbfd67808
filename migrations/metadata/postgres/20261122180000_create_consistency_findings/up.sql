-- What the background check found wrong with definitions. A row is open until the check no longer finds the same.
CREATE TABLE consistency_findings (
    id uuid NOT NULL PRIMARY KEY,
    tenant uuid NOT NULL,
    definition_id uuid NOT NULL REFERENCES definitions (id),
    kind text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    resolved_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX consistency_findings_open ON consistency_findings (tenant, definition_id, fingerprint)
    WHERE resolved_at IS NULL;
CREATE INDEX consistency_findings_by_id ON consistency_findings (tenant, id);
ALTER TABLE consistency_findings ENABLE ROW LEVEL SECURITY;
ALTER TABLE consistency_findings FORCE ROW LEVEL SECURITY;
CREATE POLICY consistency_findings_of_tenant ON consistency_findings
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Counts the changes of all kinds, and how many of them the last check had seen.
ALTER TABLE ontologies ADD COLUMN changes bigint NOT NULL DEFAULT 0;
ALTER TABLE ontologies ADD COLUMN checked_changes bigint NOT NULL DEFAULT -1;
ALTER TABLE ontologies ADD COLUMN checked_at timestamptz;
-- How the rows of definition_references were derived; the check derives older ones anew.
ALTER TABLE ontologies ADD COLUMN references_format bigint NOT NULL DEFAULT 0;
