DROP TABLE row_filters;
