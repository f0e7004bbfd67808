-- One table, so that there is something to migrate.
CREATE TABLE notes (id uuid PRIMARY KEY, body text NOT NULL);
