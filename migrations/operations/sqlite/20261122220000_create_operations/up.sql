-- What was heard of the durable work of all services. The service that works has the truth; the columns are copied from its
-- message, to filter and to sort by. A row that was deleted there stays for a while, so that a late event does not bring it back.
CREATE TABLE operations (
    id BLOB NOT NULL CHECK (length(id) = 16),
    service TEXT NOT NULL,
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    security_level INTEGER NOT NULL CHECK (security_level BETWEEN 1 AND 3),
    principal_id BLOB,
    parent_id BLOB,
    schedule_id BLOB,
    correlation_id TEXT,
    job BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL,
    PRIMARY KEY (id, service)
) STRICT;
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
    operation_id BLOB NOT NULL,
    service TEXT NOT NULL,
    tag TEXT NOT NULL,
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    security_level INTEGER NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (operation_id, service, tag)
) STRICT;
CREATE INDEX operation_tags_of ON operation_tags (tenant, tag, security_level, state, created_at, operation_id);

-- Kinds of work that were heard of.
CREATE TABLE operation_kinds (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    service TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, service, kind)
) STRICT;

-- Who changed what. A row is written before the change is asked for; only its outcome is added afterwards.
CREATE TABLE audit_entries (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    operation_id BLOB,
    schedule_id BLOB,
    service TEXT NOT NULL,
    security_level INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL CHECK (json_valid(detail)),
    outcome TEXT NOT NULL,
    failure TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_entries_by_time ON audit_entries (tenant, security_level, created_at, id);
CREATE INDEX audit_entries_of_operation ON audit_entries (tenant, operation_id, security_level, created_at, id) WHERE operation_id IS NOT NULL;
CREATE INDEX audit_entries_of_schedule ON audit_entries (tenant, schedule_id, security_level, created_at, id) WHERE schedule_id IS NOT NULL;
