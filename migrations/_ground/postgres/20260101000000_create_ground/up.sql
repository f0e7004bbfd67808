-- The exact sum of decimals, under the name it has on SQLite.
CREATE AGGREGATE decimal_sum (numeric) (sfunc = numeric_add, stype = numeric);

-- Events that were committed with the state they tell about, waiting for the relay.
CREATE TABLE outbox (
    id uuid NOT NULL PRIMARY KEY,
    tenant uuid NOT NULL,
    topic text NOT NULL,
    lane text NOT NULL,
    version bigint NOT NULL,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL,
    leased_until timestamptz
);
CREATE INDEX outbox_lane ON outbox (lane, version, id);
CREATE INDEX outbox_created ON outbox (created_at);
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY outbox_tenant ON outbox
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- What each consumer has already applied.
CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    tenant uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_received ON inbox (received_at);
ALTER TABLE inbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox FORCE ROW LEVEL SECURITY;
CREATE POLICY inbox_tenant ON inbox
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Answers given to requests that carried a request id.
CREATE TABLE idempotency (
    tenant uuid NOT NULL,
    rpc text NOT NULL,
    principal text NOT NULL,
    request_id text NOT NULL,
    body_hash bytea NOT NULL,
    response bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, rpc, principal, request_id)
);
CREATE INDEX idempotency_expires ON idempotency (expires_at);
ALTER TABLE idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency FORCE ROW LEVEL SECURITY;
CREATE POLICY idempotency_tenant ON idempotency
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
