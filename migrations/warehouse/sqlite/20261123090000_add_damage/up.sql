-- What is missing of a table that had rows, a line each; empty where nothing is. Such a table is neither read nor written.
ALTER TABLE tables ADD COLUMN damage TEXT NOT NULL DEFAULT '';
