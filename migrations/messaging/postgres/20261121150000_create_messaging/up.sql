-- Who gets which messages, and how far they are. Those of the platform's services have the tenant of nothing.
CREATE TABLE subscriptions (
    id uuid NOT NULL,
    tenant uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    service text NOT NULL,
    pattern text NOT NULL,
    description text NOT NULL,
    webhook_url text NOT NULL,
    ack_wait_us bigint NOT NULL,
    max_attempts bigint NOT NULL,
    max_in_flight bigint NOT NULL,
    sees_private bigint NOT NULL,
    state jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX subscriptions_name ON subscriptions (tenant, service, name);
ALTER TABLE subscriptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions FORCE ROW LEVEL SECURITY;
CREATE POLICY subscriptions_of_tenant ON subscriptions
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Messages that could not be delivered, whole: the log may have dropped them.
CREATE TABLE dead_letters (
    id uuid NOT NULL,
    tenant uuid NOT NULL,
    subscription_id uuid NOT NULL,
    position bigint NOT NULL,
    attempts bigint NOT NULL,
    reason text NOT NULL,
    body bytea NOT NULL,
    replayed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX dead_letters_once ON dead_letters (tenant, subscription_id, position);
CREATE INDEX dead_letters_list ON dead_letters (tenant, subscription_id, id);
CREATE INDEX dead_letters_all ON dead_letters (tenant, id);
ALTER TABLE dead_letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE dead_letters FORCE ROW LEVEL SECURITY;
CREATE POLICY dead_letters_of_tenant ON dead_letters
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Messages that wait for their time.
CREATE TABLE scheduled (
    id uuid NOT NULL,
    tenant uuid NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX scheduled_message ON scheduled (tenant, message_id);
CREATE INDEX scheduled_due ON scheduled (due_at, id);
CREATE INDEX scheduled_list ON scheduled (tenant, due_at, id);
ALTER TABLE scheduled ENABLE ROW LEVEL SECURITY;
ALTER TABLE scheduled FORCE ROW LEVEL SECURITY;
CREATE POLICY scheduled_of_tenant ON scheduled
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Commands and what became of them.
CREATE TABLE commands (
    id uuid NOT NULL,
    tenant uuid NOT NULL,
    type text COLLATE "C" NOT NULL,
    state text NOT NULL,
    position bigint NOT NULL,
    result jsonb,
    error text NOT NULL,
    correlation text NOT NULL,
    actor text NOT NULL,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX commands_list ON commands (tenant, id);
ALTER TABLE commands ENABLE ROW LEVEL SECURITY;
ALTER TABLE commands FORCE ROW LEVEL SECURITY;
CREATE POLICY commands_of_tenant ON commands
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- What was published to each topic, up to the position in `progress`.
CREATE TABLE topics (
    tenant uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    messages bigint NOT NULL,
    bytes bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    last_position bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, name)
);
ALTER TABLE topics ENABLE ROW LEVEL SECURITY;
ALTER TABLE topics FORCE ROW LEVEL SECURITY;
CREATE POLICY topics_of_tenant ON topics
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- How far work on the log is.
CREATE TABLE progress (
    tenant uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, name)
);
ALTER TABLE progress ENABLE ROW LEVEL SECURITY;
ALTER TABLE progress FORCE ROW LEVEL SECURITY;
CREATE POLICY progress_of_tenant ON progress
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
