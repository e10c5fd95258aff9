-- Who may log in at the embedded broker, and what the command line asks of the program that runs.

CREATE TABLE broker_users (
    name      TEXT    PRIMARY KEY,
    kind      TEXT    NOT NULL CHECK (kind IN ('device', 'client', 'reader')),
    hash      BLOB    NOT NULL,             -- SHA-256 of the password, which is 32 random bytes
    mosquitto TEXT    NOT NULL,             -- the same as Mosquitto's password file wants it
    made      INTEGER NOT NULL,             -- milliseconds since 1970, as all times
    seen      INTEGER                       -- when it last connected, or went
);

-- A request of the command line to the running program, and its answer; gone after a minute.
CREATE TABLE pairing_asks (
    id     INTEGER PRIMARY KEY,
    device TEXT    NOT NULL,                -- '': whichever waits
    code   TEXT    NOT NULL,                -- '': only say who waits
    asked  INTEGER NOT NULL,
    answer TEXT
);
