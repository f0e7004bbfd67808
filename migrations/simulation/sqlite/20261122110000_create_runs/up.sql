-- Runs of scenarios. Days are counted from 1970-01-01; a seed is its 64 bits, signed. `targets` are the entities to write with their
-- attributes, `target` and `batch` the place that the writer is at. A writer holds a lease; who finds it expired goes on.
CREATE TABLE runs (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant BLOB NOT NULL CHECK (length(tenant) = 16),
    scenario TEXT NOT NULL,
    seed INTEGER NOT NULL,
    parameters TEXT NOT NULL CHECK (json_valid(parameters)),
    start_day INTEGER NOT NULL,
    end_day INTEGER NOT NULL,
    step TEXT NOT NULL CHECK (step IN ('day', 'week', 'month')),
    metrics TEXT NOT NULL CHECK (json_valid(metrics)),
    targets TEXT NOT NULL CHECK (json_valid(targets)),
    batch_rows INTEGER NOT NULL CHECK (batch_rows > 0),
    rows_total INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'cancelled', 'reverted')),
    target INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    rows_written INTEGER NOT NULL,
    message TEXT NOT NULL,
    error TEXT NOT NULL,
    actor TEXT NOT NULL,
    cancel INTEGER NOT NULL CHECK (cancel IN (0, 1)),
    leased_by BLOB CHECK (length(leased_by) = 16),
    leased_until INTEGER,
    ended_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
-- Lists, the latest first: ids grow.
CREATE INDEX runs_by_id ON runs (tenant, id);
CREATE INDEX runs_of_scenario ON runs (tenant, scenario, id);
CREATE INDEX runs_in_state ON runs (tenant, state, id);
-- What there is to do: few rows at any time.
CREATE INDEX runs_at_work ON runs (tenant, created_at) WHERE ended_at IS NULL;
