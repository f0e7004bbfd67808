-- One table, so that there is something to migrate.
CREATE TABLE notes (id BLOB PRIMARY KEY NOT NULL, body TEXT NOT NULL) STRICT;
