-- Who gets which messages, and how far they are. Those of the platform's services have the tenant of nothing.
CREATE TABLE subscriptions (
    id BLOB NOT NULL CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    name TEXT NOT NULL,
    service TEXT NOT NULL,
    pattern TEXT NOT NULL,
    description TEXT NOT NULL,
    webhook_url TEXT NOT NULL,
    ack_wait_us INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    max_in_flight INTEGER NOT NULL,
    sees_private INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX subscriptions_name ON subscriptions (tenant, service, name);

-- Messages that could not be delivered, whole: the log may have dropped them.
CREATE TABLE dead_letters (
    id BLOB NOT NULL CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    subscription_id BLOB NOT NULL CHECK (length(subscription_id) = 16),
    position INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    body BLOB NOT NULL,
    replayed_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX dead_letters_once ON dead_letters (tenant, subscription_id, position);
CREATE INDEX dead_letters_list ON dead_letters (tenant, subscription_id, id);
CREATE INDEX dead_letters_all ON dead_letters (tenant, id);

-- Messages that wait for their time.
CREATE TABLE scheduled (
    id BLOB NOT NULL CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    message_id TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX scheduled_message ON scheduled (tenant, message_id);
CREATE INDEX scheduled_due ON scheduled (due_at, id);
CREATE INDEX scheduled_list ON scheduled (tenant, due_at, id);

-- Commands and what became of them.
CREATE TABLE commands (
    id BLOB NOT NULL CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    position INTEGER NOT NULL,
    result TEXT,
    error TEXT NOT NULL,
    correlation TEXT NOT NULL,
    actor TEXT NOT NULL,
    ended_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX commands_list ON commands (tenant, id);

-- What was published to each topic, up to the position in `progress`.
CREATE TABLE topics (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    name TEXT NOT NULL,
    messages INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;

-- How far work on the log is.
CREATE TABLE progress (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;
