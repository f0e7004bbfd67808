-- Which rows of an entity a subject, or all who hold a role, may see.
CREATE TABLE row_filters (
  id BLOB NOT NULL CHECK (length(id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  subject_kind TEXT CHECK (subject_kind IN ('user', 'group', 'service_principal')),
  subject_id BLOB CHECK (length(subject_id) = 16),
  role TEXT,
  entity TEXT NOT NULL,
  condition TEXT NOT NULL CHECK (condition <> ''),
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  CHECK ((subject_kind IS NULL) = (subject_id IS NULL)),
  CHECK ((subject_id IS NULL) <> (role IS NULL))
) STRICT;
CREATE INDEX row_filters_by_id ON row_filters (tenant, id);
CREATE INDEX row_filters_by_entity ON row_filters (tenant, entity, id);
CREATE INDEX row_filters_by_subject ON row_filters (tenant, subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX row_filters_by_role ON row_filters (tenant, role, id) WHERE role IS NOT NULL;
