-- A database as the first schema's program left it, killed in the middle of a play.
-- Never edited: each newer program must be able to open it.
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'first','2026-11-23 00:00:00',1,X'1887DB2D89A91096034F9958615B57A9BEC939997FE6AA500099A8ED34D9B9FE7E23E8EDF9289C282A158BD52CDB445D',0);
CREATE TABLE bans (
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    emotion  TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (track_id, emotion)
);
INSERT INTO "bans" VALUES(8,'surprise',1795000002000);
CREATE TABLE kept (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO "kept" VALUES('mood','happy');
INSERT INTO "kept" VALUES('paused','by_hand');
CREATE TABLE likes (
    track_id INTEGER PRIMARY KEY REFERENCES tracks (id) ON DELETE CASCADE,
    at       INTEGER NOT NULL
);
INSERT INTO "likes" VALUES(8,1795000001000);
CREATE TABLE moods_heard (
    id         INTEGER PRIMARY KEY,
    device     TEXT    NOT NULL,
    mood       TEXT    NOT NULL,
    confidence REAL    NOT NULL,
    at         INTEGER NOT NULL             -- by the device's clock where that is plausible
);
INSERT INTO "moods_heard" VALUES(1,'kitchen','happy',0.83,1795000000500);
CREATE TABLE plays (
    id       INTEGER PRIMARY KEY,           -- the player's PlayId
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    mood     TEXT    NOT NULL,              -- chosen for this one
    reason   TEXT    NOT NULL,              -- in words
    started  INTEGER NOT NULL,
    ended    INTEGER,                       -- NULL while it plays
    ending   TEXT CHECK (ending IN ('finished', 'skipped', 'replaced', 'failed', 'stopped', 'lost'))
);
INSERT INTO "plays" VALUES(41,8,'happy','happy for 40 s; not played today',1795000003000,1795000184000,'finished');
INSERT INTO "plays" VALUES(42,4,'happy','happy for 5 min; not played today',1795000185000,NULL,NULL);
CREATE TABLE queue (
    position INTEGER PRIMARY KEY,
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    mood     TEXT    NOT NULL,
    why      TEXT    NOT NULL
);
INSERT INTO "queue" VALUES(0,8,'happy','liked; not played today');
INSERT INTO "queue" VALUES(1,4,'happy','not played today');
CREATE TABLE track_moods (
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    emotion  TEXT    NOT NULL,
    PRIMARY KEY (track_id, emotion)
);
INSERT INTO "track_moods" VALUES(1,'angry');
INSERT INTO "track_moods" VALUES(2,'disgust');
INSERT INTO "track_moods" VALUES(3,'fear');
INSERT INTO "track_moods" VALUES(4,'happy');
INSERT INTO "track_moods" VALUES(5,'sad');
INSERT INTO "track_moods" VALUES(6,'surprise');
INSERT INTO "track_moods" VALUES(7,'neutral');
INSERT INTO "track_moods" VALUES(8,'happy');
INSERT INTO "track_moods" VALUES(8,'surprise');
CREATE TABLE tracks (
    id         INTEGER PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (kind IN ('file', 'built_in')),
    place      TEXT    NOT NULL,            -- a file's absolute path, or a built-in piece's name
    mtime      INTEGER NOT NULL DEFAULT 0,  -- of the file, as last read
    size       INTEGER NOT NULL DEFAULT 0,  -- of the file, bytes, as last read
    title      TEXT    NOT NULL,            -- never empty: the file's name where no tag says it
    artist     TEXT    NOT NULL DEFAULT '', -- empty when unknown
    album      TEXT    NOT NULL DEFAULT '', -- empty when unknown
    sought     TEXT    NOT NULL,            -- artist, album and title, a line each, in lower case:
                                            -- what is searched and sorted by, as the database
                                            -- itself knows the case of ASCII letters only
    length_ms  INTEGER,                     -- NULL when unknown
    tag_moods  INTEGER NOT NULL DEFAULT 0,  -- what the tags alone say, so that a changed
                                            -- moods.toml needs no second look into the file
    problem    TEXT,                        -- why it cannot be played; not tried until it changes
    gone       INTEGER NOT NULL DEFAULT 0,  -- 1: not there at the last scan; kept for its history
    UNIQUE (kind, place)
);
INSERT INTO "tracks" VALUES(1,'built_in','angry',0,0,'Iron Street','Moodring','Built-in pieces','moodring'||char(10)||'built-in pieces'||char(10)||'iron street',44142,0,NULL,0);
INSERT INTO "tracks" VALUES(2,'built_in','disgust',0,0,'Crooked Spoon','Moodring','Built-in pieces','moodring'||char(10)||'built-in pieces'||char(10)||'crooked spoon',46750,0,NULL,0);
INSERT INTO "tracks" VALUES(3,'built_in','fear',0,0,'The Long Corridor','Moodring','Built-in pieces','moodring'||char(10)||'built-in pieces'||char(10)||'the long corridor',49153,0,NULL,0);
INSERT INTO "tracks" VALUES(4,'built_in','happy',0,0,'Window Open','Moodring','Built-in pieces','moodring'||char(10)||'built-in pieces'||char(10)||'window open',51000,0,NULL,0);
INSERT INTO "tracks" VALUES(5,'built_in','sad',0,0,'Rain on the Sill','Moodring','Built-in pieces','moodring'||char(10)||'built-in pieces'||char(10)||'rain on the sill',51000,0,NULL,0);
INSERT INTO "tracks" VALUES(6,'built_in','surprise',0,0,'Paper Lanterns','Moodring','Built-in pieces','moodring'||char(10)||'built-in pieces'||char(10)||'paper lanterns',45857,0,NULL,0);
INSERT INTO "tracks" VALUES(7,'built_in','neutral',0,0,'Slow Water','Moodring','Built-in pieces','moodring'||char(10)||'built-in pieces'||char(10)||'slow water',51000,0,NULL,0);
INSERT INTO "tracks" VALUES(8,'file','/music/happy/sun.mp3',1795000000000,4000000,'Sun','The Band','First','the band'||char(10)||'first'||char(10)||'sun',181000,8,NULL,0);
INSERT INTO "tracks" VALUES(9,'file','/music/broken.ogg',1795000000000,12,'broken','','',''||char(10)||''||char(10)||'broken',NULL,0,'it is not music of a known kind',0);
CREATE INDEX plays_by_track ON plays (track_id, started);
CREATE INDEX moods_heard_by_device ON moods_heard (device, id);
COMMIT;
