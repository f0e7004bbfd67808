-- Results as they were published. `question` and `explanation` are messages of the contract, encoded.
CREATE TABLE publications (
  id uuid NOT NULL PRIMARY KEY,
  tenant uuid NOT NULL,
  metric text COLLATE "C" NOT NULL,
  metric_version bigint NOT NULL,
  question bytea NOT NULL,
  explanation bytea NOT NULL,
  unit text NOT NULL,
  format text NOT NULL,
  value_type text NOT NULL,
  row_count integer NOT NULL CHECK (row_count >= 0),
  actor text NOT NULL,
  operation uuid,
  as_of_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
-- Lists, the latest first: ids grow.
CREATE INDEX publications_by_id ON publications (tenant, id);
CREATE INDEX publications_of_metric ON publications (tenant, metric, id);
CREATE INDEX publications_by_time ON publications (tenant, created_at, id);
-- Which entities a publication read: who sees only some of their rows does not see it.
CREATE TABLE publication_entities (
  tenant uuid NOT NULL,
  publication uuid NOT NULL REFERENCES publications (id) ON DELETE CASCADE,
  entity text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (publication, entity)
);
CREATE INDEX publication_entities_by_entity ON publication_entities (tenant, entity, publication);
-- The rows of publications in their order. `value_number` is the nearest double of a number, null where there is none.
CREATE TABLE metric_history (
  publication uuid NOT NULL REFERENCES publications (id) ON DELETE CASCADE,
  ordinal integer NOT NULL,
  tenant uuid NOT NULL,
  metric text COLLATE "C" NOT NULL,
  metric_version bigint NOT NULL,
  period_start text COLLATE "C" NOT NULL,
  period_end text COLLATE "C" NOT NULL,
  dimensions jsonb NOT NULL,
  value_text text,
  value_number double precision,
  exactness text NOT NULL,
  fraction text NOT NULL,
  missing text NOT NULL,
  level text NOT NULL,
  as_of_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (publication, ordinal)
);
CREATE INDEX metric_history_of_metric ON metric_history (tenant, metric, publication, ordinal);
CREATE INDEX metric_history_of_period ON metric_history (tenant, metric, period_start, publication, ordinal);
ALTER TABLE publications ENABLE ROW LEVEL SECURITY;
ALTER TABLE publications FORCE ROW LEVEL SECURITY;
CREATE POLICY publications_of_tenant ON publications
  USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
ALTER TABLE publication_entities ENABLE ROW LEVEL SECURITY;
ALTER TABLE publication_entities FORCE ROW LEVEL SECURITY;
CREATE POLICY publication_entities_of_tenant ON publication_entities
  USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
ALTER TABLE metric_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE metric_history FORCE ROW LEVEL SECURITY;
CREATE POLICY metric_history_of_tenant ON metric_history
  USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
