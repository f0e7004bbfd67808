CREATE TABLE reading (
    id uuid NOT NULL PRIMARY KEY,
    tenant uuid NOT NULL,
    sensor text NOT NULL,
    unit text NOT NULL,
    amount double precision NOT NULL,
    count bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX reading_taken ON reading (tenant, taken_at);
ALTER TABLE reading ENABLE ROW LEVEL SECURITY;
ALTER TABLE reading FORCE ROW LEVEL SECURITY;
CREATE POLICY reading_tenant ON reading
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
