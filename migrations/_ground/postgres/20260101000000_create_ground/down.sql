DROP TABLE idempotency;
DROP TABLE inbox;
DROP TABLE outbox;
DROP AGGREGATE decimal_sum (numeric);
