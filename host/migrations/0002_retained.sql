-- The embedded broker's retained messages. The broker itself could keep them in files, but syncs
-- the disk for each one before it passes the message on: too slow for moods, too much for SD cards.
CREATE TABLE retained (
    topic   TEXT    PRIMARY KEY,
    payload BLOB    NOT NULL, -- PostgreSQL: BYTEA
    qos     INTEGER NOT NULL
);
