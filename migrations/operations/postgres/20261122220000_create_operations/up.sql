-- What was heard of the durable work of all services. The service that works has the truth; the columns are copied from its
-- message, to filter and to sort by. A row that was deleted there stays for a while, so that a late event does not bring it back.
CREATE TABLE operations (
    id uuid NOT NULL,
    service text COLLATE "C" NOT NULL,
    tenant uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    security_level integer NOT NULL CHECK (security_level BETWEEN 1 AND 3),
    principal_id uuid,
    parent_id uuid,
    schedule_id uuid,
    correlation_id text COLLATE "C",
    job bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    version bigint NOT NULL,
    PRIMARY KEY (id, service)
);
-- A list reads one short run of an index for each security level and state, newest first.
CREATE INDEX operations_by_time ON operations (tenant, security_level, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX operations_by_state ON operations (tenant, security_level, state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX operations_by_service ON operations (tenant, service, security_level, state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX operations_by_kind ON operations (tenant, kind, security_level, state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX operations_by_principal ON operations (tenant, principal_id, security_level, state, created_at, id)
    WHERE principal_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX operations_by_parent ON operations (tenant, parent_id, security_level, state, created_at, id)
    WHERE parent_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX operations_by_schedule ON operations (tenant, schedule_id, security_level, state, created_at, id)
    WHERE schedule_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX operations_by_correlation ON operations (tenant, correlation_id, security_level, state, created_at, id)
    WHERE correlation_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX operations_deleted ON operations (tenant, deleted_at) WHERE deleted_at IS NOT NULL;

-- Compliance tags, to filter by; level, state and time are the operation's.
CREATE TABLE operation_tags (
    operation_id uuid NOT NULL,
    service text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    tenant uuid NOT NULL,
    security_level integer NOT NULL,
    state text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (operation_id, service, tag)
);
CREATE INDEX operation_tags_of ON operation_tags (tenant, tag, security_level, state, created_at, operation_id);

-- Kinds of work that were heard of.
CREATE TABLE operation_kinds (
    tenant uuid NOT NULL,
    service text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, service, kind)
);

-- Who changed what. A row is written before the change is asked for; only its outcome is added afterwards.
CREATE TABLE audit_entries (
    id uuid NOT NULL PRIMARY KEY,
    tenant uuid NOT NULL,
    operation_id uuid,
    schedule_id uuid,
    service text COLLATE "C" NOT NULL,
    security_level integer NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    detail jsonb NOT NULL,
    outcome text NOT NULL,
    failure text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX audit_entries_by_time ON audit_entries (tenant, security_level, created_at, id);
CREATE INDEX audit_entries_of_operation ON audit_entries (tenant, operation_id, security_level, created_at, id) WHERE operation_id IS NOT NULL;
CREATE INDEX audit_entries_of_schedule ON audit_entries (tenant, schedule_id, security_level, created_at, id) WHERE schedule_id IS NOT NULL;

ALTER TABLE operations ENABLE ROW LEVEL SECURITY;
ALTER TABLE operations FORCE ROW LEVEL SECURITY;
CREATE POLICY operations_of_tenant ON operations
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
ALTER TABLE operation_tags ENABLE ROW LEVEL SECURITY;
ALTER TABLE operation_tags FORCE ROW LEVEL SECURITY;
CREATE POLICY operation_tags_of_tenant ON operation_tags
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
ALTER TABLE operation_kinds ENABLE ROW LEVEL SECURITY;
ALTER TABLE operation_kinds FORCE ROW LEVEL SECURITY;
CREATE POLICY operation_kinds_of_tenant ON operation_kinds
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_entries_of_tenant ON audit_entries
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
