ALTER TABLE ontologies DROP COLUMN references_format;
ALTER TABLE ontologies DROP COLUMN checked_at;
ALTER TABLE ontologies DROP COLUMN checked_changes;
ALTER TABLE ontologies DROP COLUMN changes;
DROP TABLE consistency_findings;
