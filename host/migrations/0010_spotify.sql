-- Music from Spotify: tracks of a third kind, where each was found and when, and what was chosen on the page.

-- A track's place may be a Spotify address. Only the condition is widened, which changes nothing on the disk:
-- see "Making Other Kinds Of Table Schema Changes" in SQLite's documentation of ALTER TABLE. (PostgreSQL: ALTER
-- TABLE tracks DROP CONSTRAINT, ADD CONSTRAINT.) The tables made below let every connection read the schema anew.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, '''file'', ''built_in''', '''file'', ''built_in'', ''spotify''')
    WHERE type = 'table' AND name = 'tracks';
PRAGMA writable_schema = RESET;

-- Why a track of Spotify's is here: one row for each way in which it was found.
CREATE TABLE spotify_finds (
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    emotion  TEXT    NOT NULL,              -- for which emotion; '' for liked tracks, which fill gaps
    source   TEXT    NOT NULL CHECK (source IN ('playlist', 'search', 'liked', 'wanted')),
    origin   TEXT    NOT NULL,              -- the playlist's id, the words searched for, '', or the id in wanted
    found    INTEGER NOT NULL,              -- first
    seen     INTEGER NOT NULL,              -- last
    PRIMARY KEY (track_id, emotion, source, origin)
);
CREATE INDEX spotify_finds_by_origin ON spotify_finds (source, origin, emotion);

-- The user's playlists, as of the last look.
CREATE TABLE spotify_lists (
    id       TEXT    PRIMARY KEY,
    name     TEXT    NOT NULL,
    own      INTEGER NOT NULL               -- 0: somebody else's, which cannot be read
);

-- The playlist that was picked for an emotion.
CREATE TABLE spotify_picks (
    emotion  TEXT    PRIMARY KEY,
    list     TEXT    NOT NULL,
    name     TEXT    NOT NULL
);

-- The snapshots of playlists whose tracks are all here: an unchanged one is not read again.
CREATE TABLE spotify_snapshots (
    list     TEXT    NOT NULL,
    emotion  TEXT    NOT NULL,
    snapshot TEXT    NOT NULL,
    PRIMARY KEY (list, emotion)
);
