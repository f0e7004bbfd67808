-- A tenant's row belongs to itself: tenant = id.
CREATE TABLE tenants (
  id uuid NOT NULL,
  tenant uuid NOT NULL,
  slug text COLLATE "C" NOT NULL UNIQUE,
  display_name text NOT NULL,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (id)
);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants_of_tenant ON tenants USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

CREATE TABLE users (
  id uuid NOT NULL,
  tenant uuid NOT NULL,
  email text COLLATE "C" NOT NULL,
  display_name text NOT NULL,
  name_key text COLLATE "C" NOT NULL,
  title text NOT NULL,
  department text NOT NULL,
  phone text NOT NULL,
  locale text NOT NULL,
  time_zone text NOT NULL,
  disabled_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX users_email ON users (tenant, email) WHERE deleted_at IS NULL;
CREATE INDEX users_by_email ON users (tenant, email, id);
CREATE INDEX users_by_name ON users (tenant, name_key, id);
CREATE INDEX users_by_id ON users (tenant, id);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY users_of_tenant ON users USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Beside users, so that no listing of users can touch a hash; id is the user's.
CREATE TABLE credentials (
  id uuid NOT NULL,
  tenant uuid NOT NULL,
  password_hash text,
  must_change boolean NOT NULL,
  changed_at timestamptz,
  last_sign_in_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX credentials_by_tenant ON credentials (tenant, id);
ALTER TABLE credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE credentials FORCE ROW LEVEL SECURITY;
CREATE POLICY credentials_of_tenant ON credentials USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Keyed by the SHA-256 of tenant and address, for addresses without an account too: locking tells nothing.
CREATE TABLE sign_in_failures (
  id bytea NOT NULL,
  tenant uuid NOT NULL,
  failures integer NOT NULL,
  last_failure_at timestamptz NOT NULL,
  locked_until timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX sign_in_failures_by_age ON sign_in_failures (last_failure_at);
ALTER TABLE sign_in_failures ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_failures FORCE ROW LEVEL SECURITY;
CREATE POLICY sign_in_failures_of_tenant ON sign_in_failures USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

CREATE TABLE groups (
  id uuid NOT NULL,
  tenant uuid NOT NULL,
  name text NOT NULL,
  name_key text COLLATE "C" NOT NULL,
  description text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (tenant, name_key)
);
ALTER TABLE groups ENABLE ROW LEVEL SECURITY;
ALTER TABLE groups FORCE ROW LEVEL SECURITY;
CREATE POLICY groups_of_tenant ON groups USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

CREATE TABLE group_members (
  group_id uuid NOT NULL,
  user_id uuid NOT NULL,
  tenant uuid NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (group_id, user_id),
  FOREIGN KEY (group_id) REFERENCES groups (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX group_members_by_user ON group_members (tenant, user_id, group_id);
CREATE INDEX group_members_by_group ON group_members (tenant, group_id, user_id);
ALTER TABLE group_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE group_members FORCE ROW LEVEL SECURITY;
CREATE POLICY group_members_of_tenant ON group_members USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

CREATE TABLE role_assignments (
  id uuid NOT NULL,
  tenant uuid NOT NULL,
  subject_kind text NOT NULL CHECK (subject_kind IN ('user', 'group', 'service_principal')),
  subject_id uuid NOT NULL,
  role text COLLATE "C" NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (tenant, subject_id, role)
);
CREATE INDEX role_assignments_by_role ON role_assignments (tenant, role, id);
CREATE INDEX role_assignments_by_id ON role_assignments (tenant, id);
ALTER TABLE role_assignments ENABLE ROW LEVEL SECURITY;
ALTER TABLE role_assignments FORCE ROW LEVEL SECURITY;
CREATE POLICY role_assignments_of_tenant ON role_assignments USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

CREATE TABLE service_principals (
  id uuid NOT NULL,
  tenant uuid NOT NULL,
  name text NOT NULL,
  name_key text COLLATE "C" NOT NULL,
  description text NOT NULL,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (tenant, name_key)
);
ALTER TABLE service_principals ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_principals FORCE ROW LEVEL SECURITY;
CREATE POLICY service_principals_of_tenant ON service_principals USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- The secret is stored as SHA-256 only.
CREATE TABLE api_tokens (
  id uuid NOT NULL,
  tenant uuid NOT NULL,
  principal_id uuid NOT NULL,
  name text NOT NULL,
  secret_hash bytea NOT NULL,
  permissions jsonb NOT NULL,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX api_tokens_by_principal ON api_tokens (tenant, principal_id, id);
ALTER TABLE api_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY api_tokens_of_tenant ON api_tokens USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

CREATE TABLE sessions (
  id uuid NOT NULL,
  tenant uuid NOT NULL,
  user_id uuid NOT NULL,
  refreshed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX sessions_by_user ON sessions (tenant, user_id, id);
CREATE INDEX sessions_by_revocation ON sessions (revoked_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY sessions_of_tenant ON sessions USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- id is the SHA-256 of the secret; used ones stay until the session goes, to notice a second use.
CREATE TABLE refresh_tokens (
  id bytea NOT NULL,
  tenant uuid NOT NULL,
  session_id uuid NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (tenant, session_id);
ALTER TABLE refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE refresh_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY refresh_tokens_of_tenant ON refresh_tokens USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- Belong to the platform: tenant is the nil id. Private keys are sealed with the installation's key file.
CREATE TABLE signing_keys (
  id uuid NOT NULL,
  tenant uuid NOT NULL,
  kid text COLLATE "C" NOT NULL UNIQUE,
  public_key bytea NOT NULL,
  sealed_private_key bytea NOT NULL,
  activates_at timestamptz NOT NULL,
  expires_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (id)
);
ALTER TABLE signing_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE signing_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY signing_keys_of_tenant ON signing_keys USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');

-- One row a tenant, so that tenants do not wait for each other; the policy's version is the sum.
CREATE TABLE policy_versions (
  tenant uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (tenant)
);
ALTER TABLE policy_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY policy_versions_of_tenant ON policy_versions USING (tenant::text = current_setting('tessera.tenant', true) OR current_setting('tessera.tenant', true) = '*');
