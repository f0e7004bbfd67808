-- Events that were committed with the state they tell about, waiting for the relay.
CREATE TABLE outbox (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    topic TEXT NOT NULL,
    lane TEXT NOT NULL,
    version INTEGER NOT NULL,
    payload BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    leased_until INTEGER
) STRICT;
CREATE INDEX outbox_lane ON outbox (lane, version, id);
CREATE INDEX outbox_created ON outbox (created_at);

-- What each consumer has already applied.
CREATE TABLE inbox (
    consumer TEXT NOT NULL,
    event_id BLOB NOT NULL CHECK (length(event_id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    received_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, event_id)
) STRICT;
CREATE INDEX inbox_received ON inbox (received_at);

-- Answers given to requests that carried a request id.
CREATE TABLE idempotency (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    rpc TEXT NOT NULL,
    principal TEXT NOT NULL,
    request_id TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    response BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, rpc, principal, request_id)
) STRICT;
CREATE INDEX idempotency_expires ON idempotency (expires_at);
