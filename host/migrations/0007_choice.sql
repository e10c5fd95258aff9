-- Where a track lies on the plane of valence and arousal by its tags, each -1..1, and whether it is marked
-- explicit. NULL: its tags do not say.
ALTER TABLE tracks ADD COLUMN valence REAL;  -- PostgreSQL: DOUBLE PRECISION
ALTER TABLE tracks ADD COLUMN arousal REAL;
ALTER TABLE tracks ADD COLUMN explicit INTEGER;
-- So that the next scan reads the tags of every file once more.
UPDATE tracks SET mtime = 0 WHERE kind = 'file';

-- Where a choice stands on a path, such as "lift 2/5"; NULL: on none.
ALTER TABLE queue ADD COLUMN step TEXT;

-- What was decided beside the choice of a track: paths, pauses, limits; in a sentence each.
CREATE TABLE decisions (
    id    INTEGER PRIMARY KEY,
    room  TEXT    NOT NULL,
    at    INTEGER NOT NULL,
    words TEXT    NOT NULL
);
CREATE INDEX decisions_by_room ON decisions (room, id);
