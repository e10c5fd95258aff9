-- Where people put a track to a mood, or took it out of one: that counts before all that files, tags and
-- searches say, and stays when those are read anew.
CREATE TABLE moods_by_hand (
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    emotion  TEXT    NOT NULL,
    fits     INTEGER NOT NULL CHECK (fits IN (0, 1)), -- 1: put to it; 0: taken out of it
    at       INTEGER NOT NULL,
    PRIMARY KEY (track_id, emotion)
);

-- What was read, in one number; NULL: nothing was changed by hand, so track_moods says the same.
ALTER TABLE tracks ADD COLUMN found_moods INTEGER;

-- The library in its order: of 50,000 tracks, the last page comes as quickly as the first.
CREATE INDEX tracks_in_order ON tracks (sought, id) WHERE gone = 0;
