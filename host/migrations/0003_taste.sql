-- What is liked for each mood, learnt from plays. The sums fade: they are as of `at`.
CREATE TABLE taste (
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    emotion  TEXT    NOT NULL,
    good     REAL    NOT NULL, -- welcome plays; PostgreSQL: DOUBLE PRECISION
    bad      REAL    NOT NULL, -- unwelcome ones
    at       INTEGER NOT NULL,
    PRIMARY KEY (track_id, emotion)
);
