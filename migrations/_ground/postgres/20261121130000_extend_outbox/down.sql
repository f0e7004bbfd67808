ALTER TABLE outbox
    DROP COLUMN headers,
    DROP COLUMN due_at,
    DROP COLUMN causation,
    DROP COLUMN correlation;
