CREATE TABLE effects (
    tenant uuid NOT NULL,
    job_id uuid NOT NULL,
    number bigint NOT NULL,
    name text NOT NULL
);
