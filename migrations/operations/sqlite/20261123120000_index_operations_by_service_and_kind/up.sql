-- Lists of one kind of work of one service. With an index by either alone, a list that the other condition leaves little of reads
-- the whole run of the first to fill a page.
CREATE INDEX operations_by_service_kind ON operations (tenant, service, kind, security_level, state, created_at, id) WHERE deleted_at IS NULL;
