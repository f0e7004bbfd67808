DROP TABLE audit_entries;
DROP TABLE operation_kinds;
DROP TABLE operation_tags;
DROP TABLE operations;
