DROP TABLE progress;
DROP TABLE topics;
DROP TABLE commands;
DROP TABLE scheduled;
DROP TABLE dead_letters;
DROP TABLE subscriptions;
