ALTER TABLE scheduled DROP COLUMN security_level;
ALTER TABLE dead_letters DROP COLUMN security_level;
ALTER TABLE subscriptions DROP COLUMN security_level;
