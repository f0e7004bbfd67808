DROP TABLE drifts;
DROP TABLE chunks;
DROP TABLE tables;
