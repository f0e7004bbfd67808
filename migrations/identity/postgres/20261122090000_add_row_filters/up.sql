-- Which rows of an entity a subject, or all who hold a role, may see.
CREATE TABLE row_filters (
  id uuid NOT NULL,
  tenant uuid NOT NULL,
  name text NOT NULL,
  description text NOT NULL,
  subject_kind text CHECK (subject_kind IN ('user', 'group', 'service_principal')),
  subject_id uuid,
  role text COLLATE "C",
  entity text COLLATE "C" NOT NULL,
  condition text NOT NULL CHECK (condition <> ''),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (id),
  CHECK ((subject_kind IS NULL) = (subject_id IS NULL)),
  CHECK ((subject_id IS NULL) <> (role IS NULL))
);
CREATE INDEX row_filters_by_id ON row_filters (tenant, id);
CREATE INDEX row_filters_by_entity ON row_filters (tenant, entity, id);
CREATE INDEX row_filters_by_subject ON row_filters (tenant, subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX row_filters_by_role ON row_filters (tenant, role, id) WHERE role IS NOT NULL;
ALTER TABLE row_filters ENABLE ROW LEVEL SECURITY;
ALTER TABLE row_filters FORCE ROW LEVEL SECURITY;
CREATE POLICY row_filters_of_tenant ON row_filters USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
