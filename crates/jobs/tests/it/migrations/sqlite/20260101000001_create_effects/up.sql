CREATE TABLE effects (
    tenant BLOB NOT NULL,
    job_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL
) STRICT;
