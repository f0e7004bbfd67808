-- The work of a run is a job of the same id, with its place and its leases. What was being written has none and is told so.
SET LOCAL tessera.tenant = '*';
UPDATE runs SET state = 'failed', message = 'failed', ended_at = updated_at, version = version + 1,
    error = 'CANCELLED: it was interrupted by an upgrade: revert it, and start it again'
  WHERE ended_at IS NULL;
DROP INDEX runs_at_work;
ALTER TABLE runs DROP COLUMN target;
ALTER TABLE runs DROP COLUMN batch;
ALTER TABLE runs DROP COLUMN leased_by;
ALTER TABLE runs DROP COLUMN leased_until;
