CREATE TABLE effects (
    id uuid NOT NULL PRIMARY KEY,
    tenant uuid NOT NULL,
    lane text NOT NULL,
    place bigint NOT NULL,
    number bigint NOT NULL
);

-- A promise that is not kept breaks the commit, and no statement before it.
CREATE TABLE promises (
    id uuid NOT NULL PRIMARY KEY,
    kept_by uuid NOT NULL REFERENCES promises (id) DEFERRABLE INITIALLY DEFERRED
);
