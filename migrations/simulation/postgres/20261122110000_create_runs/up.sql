-- Runs of scenarios. Days are counted from 1970-01-01; a seed is its 64 bits, signed. `targets` are the entities to write with their
-- attributes, `target` and `batch` the place that the writer is at. A writer holds a lease; who finds it expired goes on.
CREATE TABLE runs (
  id uuid NOT NULL PRIMARY KEY,
  tenant uuid NOT NULL,
  scenario text COLLATE "C" NOT NULL,
  seed bigint NOT NULL,
  parameters jsonb NOT NULL,
  start_day integer NOT NULL,
  end_day integer NOT NULL,
  step text NOT NULL CHECK (step IN ('day', 'week', 'month')),
  metrics jsonb NOT NULL,
  targets jsonb NOT NULL,
  batch_rows integer NOT NULL CHECK (batch_rows > 0),
  rows_total bigint NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'cancelled', 'reverted')),
  target integer NOT NULL,
  batch integer NOT NULL,
  rows_written bigint NOT NULL,
  message text NOT NULL,
  error text NOT NULL,
  actor text NOT NULL,
  cancel boolean NOT NULL,
  leased_by uuid,
  leased_until timestamptz,
  ended_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL
);
-- Lists, the latest first: ids grow.
CREATE INDEX runs_by_id ON runs (tenant, id);
CREATE INDEX runs_of_scenario ON runs (tenant, scenario, id);
CREATE INDEX runs_in_state ON runs (tenant, state, id);
-- What there is to do: few rows at any time.
CREATE INDEX runs_at_work ON runs (tenant, created_at) WHERE ended_at IS NULL;
ALTER TABLE runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE runs FORCE ROW LEVEL SECURITY;
CREATE POLICY runs_of_tenant ON runs
  USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
