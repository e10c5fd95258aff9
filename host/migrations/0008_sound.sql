-- How tracks sound: what their tags and our own ears say of their loudness, and their place on the album.

CREATE TABLE sounds (
    track_id   INTEGER PRIMARY KEY REFERENCES tracks (id) ON DELETE CASCADE,
    disc       INTEGER,          -- of the album, from 1; NULL in all of these: unknown
    number     INTEGER,          -- on the disc, from 1
    track_gain REAL,             -- by its tags: dB that bring it to -18 LUFS
    track_peak REAL,             -- by its tags: its largest sample, 1 being full scale
    album_gain REAL,             -- the same of its album
    album_peak REAL,
    lufs       REAL,             -- measured: loudness of the whole file (EBU R 128)
    peak       REAL,             -- measured: its largest sample as it is played
    tried      INTEGER NOT NULL DEFAULT 0 -- 1: measured, or it could not be; back to 0 when the file changes
);
CREATE INDEX sounds_untried ON sounds (tried) WHERE tried = 0;

-- What imported lists say: this song fits this emotion. Kept when there is no such track (yet).
CREATE TABLE wanted (
    id       INTEGER PRIMARY KEY,
    emotion  TEXT    NOT NULL,
    title    TEXT    NOT NULL,   -- as the list wrote it
    artist   TEXT    NOT NULL DEFAULT '',
    album    TEXT    NOT NULL DEFAULT '',
    place    TEXT    NOT NULL DEFAULT '', -- the file or address that the list named, if any
    song     TEXT    NOT NULL,   -- emotion, artist and title with all that may differ taken out: the same song
                                 -- in two lists, or in one imported twice, is wanted once
    list     TEXT    NOT NULL,   -- the name of the file that it came from
    track_id INTEGER REFERENCES tracks (id) ON DELETE SET NULL, -- NULL: not found yet
    score    REAL,               -- how well it matched, 0 to 1
    at       INTEGER NOT NULL,
    UNIQUE (song)
);
CREATE INDEX wanted_by_track ON wanted (track_id);

-- Files are read once more for it.
UPDATE tracks SET mtime = -1 WHERE kind = 'file';
