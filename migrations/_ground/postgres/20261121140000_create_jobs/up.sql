-- Durable work: what was submitted, where it is, and who has it. A job that a worker may take, now or later, has a due time; of one
-- that a worker has it is the end of the lease.
CREATE TABLE jobs (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    priority integer NOT NULL,
    title text NOT NULL,
    input jsonb NOT NULL,
    output jsonb,
    error jsonb,
    progress jsonb NOT NULL,
    origin jsonb NOT NULL,
    security_level integer NOT NULL,
    parent_id uuid,
    parent_seq bigint,
    dedupe text,
    concurrency_key text NOT NULL,
    wait jsonb,
    due_at timestamptz,
    lease_owner uuid,
    attempts integer NOT NULL,
    strikes integer NOT NULL,
    ask text NOT NULL,
    steps bigint NOT NULL,
    first_step bigint NOT NULL,
    rollback jsonb,
    announced_at timestamptz NOT NULL,
    state_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX jobs_due ON jobs (priority, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_next ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_held ON jobs (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX jobs_kind ON jobs (tenant, kind, id);
CREATE INDEX jobs_parent ON jobs (tenant, parent_id) WHERE parent_id IS NOT NULL;
CREATE UNIQUE INDEX jobs_dedupe ON jobs (tenant, kind, dedupe) WHERE dedupe IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
CREATE POLICY jobs_tenant ON jobs
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Transitions of jobs.
CREATE TABLE job_states (
    tenant uuid NOT NULL,
    job_id uuid NOT NULL,
    number bigint NOT NULL,
    from_state text,
    to_state text NOT NULL,
    automatic boolean NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    previous_micros bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, job_id, number),
    FOREIGN KEY (tenant, job_id) REFERENCES jobs (tenant, id) ON DELETE CASCADE
);
ALTER TABLE job_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_states FORCE ROW LEVEL SECURITY;
CREATE POLICY job_states_tenant ON job_states
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Steps of jobs. A live one answers when its job runs again; one that was rolled back over is history.
CREATE TABLE job_steps (
    tenant uuid NOT NULL,
    job_id uuid NOT NULL,
    seq bigint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    live boolean NOT NULL,
    input jsonb,
    output jsonb,
    attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    error jsonb,
    quality double precision,
    confidence double precision,
    undo text NOT NULL,
    undo_name text NOT NULL,
    undo_input jsonb,
    undo_attempts integer NOT NULL,
    undo_error jsonb,
    undone_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, job_id, seq),
    FOREIGN KEY (tenant, job_id) REFERENCES jobs (tenant, id) ON DELETE CASCADE
);
ALTER TABLE job_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_steps FORCE ROW LEVEL SECURITY;
CREATE POLICY job_steps_tenant ON job_steps
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Saved states that jobs can be rolled back to.
CREATE TABLE job_checkpoints (
    tenant uuid NOT NULL,
    job_id uuid NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    seq bigint NOT NULL,
    encoding text NOT NULL,
    state bytea NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    resumable boolean NOT NULL,
    actor text NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, job_id, id),
    FOREIGN KEY (tenant, job_id) REFERENCES jobs (tenant, id) ON DELETE CASCADE
);
ALTER TABLE job_checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_checkpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY job_checkpoints_tenant ON job_checkpoints
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Signals that wait to be asked for, and those that were.
CREATE TABLE job_signals (
    tenant uuid NOT NULL,
    job_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    payload jsonb NOT NULL,
    request_id text,
    actor text NOT NULL,
    taken_by bigint,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, job_id, id),
    FOREIGN KEY (tenant, job_id) REFERENCES jobs (tenant, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX job_signals_request ON job_signals (tenant, job_id, request_id) WHERE request_id IS NOT NULL;
ALTER TABLE job_signals ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_signals FORCE ROW LEVEL SECURITY;
CREATE POLICY job_signals_tenant ON job_signals
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- What submits jobs by the calendar.
CREATE TABLE job_schedules (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    cron text NOT NULL,
    zone text NOT NULL,
    catch_up text NOT NULL,
    input jsonb NOT NULL,
    priority integer NOT NULL,
    security_level integer NOT NULL,
    origin jsonb NOT NULL,
    paused boolean NOT NULL,
    next_at timestamptz,
    last_at timestamptz,
    last_job uuid,
    missed bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX job_schedules_name ON job_schedules (tenant, name);
CREATE INDEX job_schedules_next ON job_schedules (next_at) WHERE next_at IS NOT NULL;
ALTER TABLE job_schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_schedules FORCE ROW LEVEL SECURITY;
CREATE POLICY job_schedules_tenant ON job_schedules
    USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
