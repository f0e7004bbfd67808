-- What an event belongs to, what caused it, when it is to be published, and what else is said about it.
ALTER TABLE outbox
    ADD COLUMN correlation text,
    ADD COLUMN causation text,
    ADD COLUMN due_at timestamptz,
    ADD COLUMN headers jsonb;
