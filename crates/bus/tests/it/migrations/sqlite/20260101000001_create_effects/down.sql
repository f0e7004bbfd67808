DROP TABLE promises;
DROP TABLE effects;
