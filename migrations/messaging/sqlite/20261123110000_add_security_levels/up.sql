-- How secret the messages are that a subscription gets at most: 1 internal, 2 confidential, 3 restricted. Services' consumers get all.
ALTER TABLE subscriptions ADD COLUMN security_level INTEGER NOT NULL DEFAULT 1;

-- How secret a message is that lies here; what is older than levels was internal.
ALTER TABLE dead_letters ADD COLUMN security_level INTEGER NOT NULL DEFAULT 1;
ALTER TABLE scheduled ADD COLUMN security_level INTEGER NOT NULL DEFAULT 1;
