-- A tenant's row belongs to itself: tenant = id.
CREATE TABLE tenants (
  id BLOB NOT NULL CHECK (length(id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  slug TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  disabled_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;

CREATE TABLE users (
  id BLOB NOT NULL CHECK (length(id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  email TEXT NOT NULL,
  display_name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  title TEXT NOT NULL,
  department TEXT NOT NULL,
  phone TEXT NOT NULL,
  locale TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  disabled_at INTEGER,
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;
CREATE UNIQUE INDEX users_email ON users (tenant, email) WHERE deleted_at IS NULL;
CREATE INDEX users_by_email ON users (tenant, email, id);
CREATE INDEX users_by_name ON users (tenant, name_key, id);
CREATE INDEX users_by_id ON users (tenant, id);

-- Beside users, so that no listing of users can touch a hash; id is the user's.
CREATE TABLE credentials (
  id BLOB NOT NULL CHECK (length(id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  password_hash TEXT,
  must_change INTEGER NOT NULL CHECK (must_change IN (0, 1)),
  changed_at INTEGER,
  last_sign_in_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (id) REFERENCES users (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX credentials_by_tenant ON credentials (tenant, id);

-- Keyed by the SHA-256 of tenant and address, for addresses without an account too: locking tells nothing.
CREATE TABLE sign_in_failures (
  id BLOB NOT NULL,
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  failures INTEGER NOT NULL,
  last_failure_at INTEGER NOT NULL,
  locked_until INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;
CREATE INDEX sign_in_failures_by_age ON sign_in_failures (last_failure_at);

CREATE TABLE groups (
  id BLOB NOT NULL CHECK (length(id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (tenant, name_key)
) STRICT;

CREATE TABLE group_members (
  group_id BLOB NOT NULL CHECK (length(group_id) = 16),
  user_id BLOB NOT NULL CHECK (length(user_id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (group_id, user_id),
  FOREIGN KEY (group_id) REFERENCES groups (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX group_members_by_user ON group_members (tenant, user_id, group_id);
CREATE INDEX group_members_by_group ON group_members (tenant, group_id, user_id);

CREATE TABLE role_assignments (
  id BLOB NOT NULL CHECK (length(id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  subject_kind TEXT NOT NULL CHECK (subject_kind IN ('user', 'group', 'service_principal')),
  subject_id BLOB NOT NULL CHECK (length(subject_id) = 16),
  role TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (tenant, subject_id, role)
) STRICT;
CREATE INDEX role_assignments_by_role ON role_assignments (tenant, role, id);
CREATE INDEX role_assignments_by_id ON role_assignments (tenant, id);

CREATE TABLE service_principals (
  id BLOB NOT NULL CHECK (length(id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT NOT NULL,
  disabled_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (tenant, name_key)
) STRICT;

-- The secret is stored as SHA-256 only.
CREATE TABLE api_tokens (
  id BLOB NOT NULL CHECK (length(id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  principal_id BLOB NOT NULL CHECK (length(principal_id) = 16),
  name TEXT NOT NULL,
  secret_hash BLOB NOT NULL,
  permissions TEXT NOT NULL CHECK (json_valid(permissions)),
  expires_at INTEGER,
  last_used_at INTEGER,
  revoked_at INTEGER,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;
CREATE INDEX api_tokens_by_principal ON api_tokens (tenant, principal_id, id);

CREATE TABLE sessions (
  id BLOB NOT NULL CHECK (length(id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  user_id BLOB NOT NULL CHECK (length(user_id) = 16),
  refreshed_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX sessions_by_user ON sessions (tenant, user_id, id);
CREATE INDEX sessions_by_revocation ON sessions (revoked_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- id is the SHA-256 of the secret; used ones stay until the session goes, to notice a second use.
CREATE TABLE refresh_tokens (
  id BLOB NOT NULL,
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  session_id BLOB NOT NULL CHECK (length(session_id) = 16),
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (tenant, session_id);

-- Belong to the platform: tenant is the nil id. Private keys are sealed with the installation's key file.
CREATE TABLE signing_keys (
  id BLOB NOT NULL CHECK (length(id) = 16),
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  kid TEXT NOT NULL UNIQUE,
  public_key BLOB NOT NULL,
  sealed_private_key BLOB NOT NULL,
  activates_at INTEGER NOT NULL,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT;

-- One row a tenant, so that tenants do not wait for each other; the policy's version is the sum.
CREATE TABLE policy_versions (
  tenant BLOB NOT NULL CHECK (length(tenant) = 16),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (tenant)
) STRICT;
