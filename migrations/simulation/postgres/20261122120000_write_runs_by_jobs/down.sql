ALTER TABLE runs ADD COLUMN target integer NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN batch integer NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN leased_by uuid;
ALTER TABLE runs ADD COLUMN leased_until timestamptz;
CREATE INDEX runs_at_work ON runs (tenant, created_at) WHERE ended_at IS NULL;
