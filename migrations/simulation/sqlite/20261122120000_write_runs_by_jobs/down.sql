ALTER TABLE runs ADD COLUMN target INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN leased_by BLOB CHECK (length(leased_by) = 16);
ALTER TABLE runs ADD COLUMN leased_until INTEGER;
CREATE INDEX runs_at_work ON runs (tenant, created_at) WHERE ended_at IS NULL;
