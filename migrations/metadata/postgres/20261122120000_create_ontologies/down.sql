DROP TABLE ontologies;
