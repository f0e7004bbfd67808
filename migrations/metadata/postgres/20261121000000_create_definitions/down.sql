DROP TABLE definition_tags;
DROP TABLE definition_references;
DROP TABLE definition_versions;
DROP TABLE definitions;
