CREATE TABLE effects (
    id BLOB NOT NULL PRIMARY KEY,
    tenant BLOB NOT NULL,
    lane TEXT NOT NULL,
    place INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT;

-- A promise that is not kept breaks the commit, and no statement before it.
CREATE TABLE promises (
    id BLOB NOT NULL PRIMARY KEY,
    kept_by BLOB NOT NULL REFERENCES promises (id) DEFERRABLE INITIALLY DEFERRED
) STRICT;
