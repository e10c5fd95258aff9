-- Each room has its own history, queue, taste and kept values. What was there before belongs to
-- "home", the room that there is where the settings name none.
ALTER TABLE plays ADD COLUMN room TEXT NOT NULL DEFAULT 'home';
CREATE INDEX plays_by_room ON plays (room, id);

CREATE TABLE queue_by_room (
    room     TEXT    NOT NULL,
    position INTEGER NOT NULL,              -- soonest first
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    mood     TEXT    NOT NULL,
    why      TEXT    NOT NULL,
    PRIMARY KEY (room, position)
);
INSERT INTO queue_by_room (room, position, track_id, mood, why)
    SELECT 'home', position, track_id, mood, why FROM queue;
DROP TABLE queue;
ALTER TABLE queue_by_room RENAME TO queue;

CREATE TABLE taste_by_room (
    room     TEXT    NOT NULL,
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    emotion  TEXT    NOT NULL,
    good     REAL    NOT NULL, -- welcome plays, faded to `at`; PostgreSQL: DOUBLE PRECISION
    bad      REAL    NOT NULL, -- unwelcome ones
    at       INTEGER NOT NULL,
    PRIMARY KEY (room, track_id, emotion)
);
INSERT INTO taste_by_room (room, track_id, emotion, good, bad, at)
    SELECT 'home', track_id, emotion, good, bad, at FROM taste;
DROP TABLE taste;
ALTER TABLE taste_by_room RENAME TO taste;

CREATE TABLE kept_by_room (
    room  TEXT NOT NULL,
    name  TEXT NOT NULL,                    -- mood, paused
    value TEXT NOT NULL,
    PRIMARY KEY (room, name)
);
INSERT INTO kept_by_room (room, name, value)
    SELECT 'home', name, value FROM kept WHERE name IN ('mood', 'paused');
DELETE FROM kept WHERE name IN ('mood', 'paused');
