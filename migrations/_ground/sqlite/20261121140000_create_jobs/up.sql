-- Durable work: what was submitted, where it is, and who has it. A job that a worker may take, now or later, has a due time; of one
-- that a worker has it is the end of the lease.
CREATE TABLE jobs (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    title TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    progress TEXT NOT NULL,
    origin TEXT NOT NULL,
    security_level INTEGER NOT NULL,
    parent_id BLOB CHECK (length(parent_id) = 16),
    parent_seq INTEGER,
    dedupe TEXT,
    concurrency_key TEXT NOT NULL,
    wait TEXT,
    due_at INTEGER,
    lease_owner BLOB CHECK (length(lease_owner) = 16),
    attempts INTEGER NOT NULL,
    strikes INTEGER NOT NULL,
    ask TEXT NOT NULL,
    steps INTEGER NOT NULL,
    first_step INTEGER NOT NULL,
    rollback TEXT,
    announced_at INTEGER NOT NULL,
    state_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX jobs_due ON jobs (priority, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_next ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_held ON jobs (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX jobs_kind ON jobs (tenant, kind, id);
CREATE INDEX jobs_parent ON jobs (tenant, parent_id) WHERE parent_id IS NOT NULL;
CREATE UNIQUE INDEX jobs_dedupe ON jobs (tenant, kind, dedupe) WHERE dedupe IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;

-- Transitions of jobs.
CREATE TABLE job_states (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    job_id BLOB NOT NULL CHECK (length(job_id) = 16),
    number INTEGER NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    automatic INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    previous_micros INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, job_id, number),
    FOREIGN KEY (tenant, job_id) REFERENCES jobs (tenant, id) ON DELETE CASCADE
) STRICT;

-- Steps of jobs. A live one answers when its job runs again; one that was rolled back over is history.
CREATE TABLE job_steps (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    job_id BLOB NOT NULL CHECK (length(job_id) = 16),
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    live INTEGER NOT NULL,
    input TEXT,
    output TEXT,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    error TEXT,
    quality REAL,
    confidence REAL,
    undo TEXT NOT NULL,
    undo_name TEXT NOT NULL,
    undo_input TEXT,
    undo_attempts INTEGER NOT NULL,
    undo_error TEXT,
    undone_at INTEGER,
    ended_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, job_id, seq),
    FOREIGN KEY (tenant, job_id) REFERENCES jobs (tenant, id) ON DELETE CASCADE
) STRICT;

-- Saved states that jobs can be rolled back to.
CREATE TABLE job_checkpoints (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    job_id BLOB NOT NULL CHECK (length(job_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    encoding TEXT NOT NULL,
    state BLOB NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    resumable INTEGER NOT NULL,
    actor TEXT NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, job_id, id),
    FOREIGN KEY (tenant, job_id) REFERENCES jobs (tenant, id) ON DELETE CASCADE
) STRICT;

-- Signals that wait to be asked for, and those that were.
CREATE TABLE job_signals (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    job_id BLOB NOT NULL CHECK (length(job_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    name TEXT NOT NULL,
    payload TEXT NOT NULL,
    request_id TEXT,
    actor TEXT NOT NULL,
    taken_by INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, job_id, id),
    FOREIGN KEY (tenant, job_id) REFERENCES jobs (tenant, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX job_signals_request ON job_signals (tenant, job_id, request_id) WHERE request_id IS NOT NULL;

-- What submits jobs by the calendar.
CREATE TABLE job_schedules (
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    cron TEXT NOT NULL,
    zone TEXT NOT NULL,
    catch_up TEXT NOT NULL,
    input TEXT NOT NULL,
    priority INTEGER NOT NULL,
    security_level INTEGER NOT NULL,
    origin TEXT NOT NULL,
    paused INTEGER NOT NULL,
    next_at INTEGER,
    last_at INTEGER,
    last_job BLOB CHECK (length(last_job) = 16),
    missed INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE UNIQUE INDEX job_schedules_name ON job_schedules (tenant, name);
CREATE INDEX job_schedules_next ON job_schedules (next_at) WHERE next_at IS NOT NULL;
