ALTER TABLE outbox DROP COLUMN headers;
ALTER TABLE outbox DROP COLUMN due_at;
ALTER TABLE outbox DROP COLUMN causation;
ALTER TABLE outbox DROP COLUMN correlation;
