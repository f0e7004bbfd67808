DROP TABLE metric_history;
DROP TABLE publication_entities;
DROP TABLE publications;
