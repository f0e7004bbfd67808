-- One row for each tenant that has or had definitions: counts the changes of its entities, metrics and relationships.
CREATE TABLE ontologies (
    tenant uuid NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
ALTER TABLE ontologies ENABLE ROW LEVEL SECURITY;
ALTER TABLE ontologies FORCE ROW LEVEL SECURITY;
CREATE POLICY ontologies_of_tenant ON ontologies
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Whoever migrates sees rows by the same policies.
SET LOCAL tessera.tenant = '*';
INSERT INTO ontologies (tenant, version, created_at, updated_at)
    SELECT tenant, count(*), min(created_at), max(updated_at) FROM definitions GROUP BY tenant;
