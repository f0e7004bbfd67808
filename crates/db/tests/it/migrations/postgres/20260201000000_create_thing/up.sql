CREATE TABLE thing (
    id uuid NOT NULL PRIMARY KEY,
    tenant uuid NOT NULL,
    name text NOT NULL,
    state text NOT NULL CHECK (state IN ('ready', 'done')),
    amount numeric NOT NULL,
    doc jsonb NOT NULL,
    hits bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX thing_name ON thing (tenant, name);
ALTER TABLE thing ENABLE ROW LEVEL SECURITY;
ALTER TABLE thing FORCE ROW LEVEL SECURITY;
CREATE POLICY thing_tenant ON thing
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
CREATE TABLE part (
    id uuid NOT NULL PRIMARY KEY,
    thing_id uuid NOT NULL REFERENCES thing (id)
);
