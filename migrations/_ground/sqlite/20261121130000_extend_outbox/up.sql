-- What an event belongs to, what caused it, when it is to be published, and what else is said about it.
ALTER TABLE outbox ADD COLUMN correlation TEXT;
ALTER TABLE outbox ADD COLUMN causation TEXT;
ALTER TABLE outbox ADD COLUMN due_at INTEGER;
ALTER TABLE outbox ADD COLUMN headers TEXT;
