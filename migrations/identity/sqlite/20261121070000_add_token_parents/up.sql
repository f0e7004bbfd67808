-- The API token that a token was made with; it is revoked together with that one.
ALTER TABLE api_tokens ADD COLUMN parent_id BLOB CHECK (length(parent_id) = 16);
CREATE INDEX api_tokens_by_parent ON api_tokens (tenant, parent_id) WHERE parent_id IS NOT NULL;
