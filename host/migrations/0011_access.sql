-- Who may use the page: its password, who is logged in, and the keys of programs. No secret stands here as it is
-- used: of what people and programs send, only hashes are kept. The setup code is the exception, as it must be
-- shown; it goes when the password comes.
CREATE TABLE password (
    one     INTEGER PRIMARY KEY CHECK (one = 1),  -- there is one, or none
    hash    TEXT    NOT NULL,                     -- Argon2id, in the PHC string format
    changed INTEGER NOT NULL
);

CREATE TABLE setup_code (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    code    TEXT    NOT NULL
);

CREATE TABLE sessions (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    hash    TEXT    NOT NULL UNIQUE,              -- SHA-256 of what the cookie holds
    began   INTEGER NOT NULL,
    seen    INTEGER NOT NULL,                     -- last, to about an hour
    address TEXT    NOT NULL,                     -- from where it was last used
    agent   TEXT    NOT NULL                      -- what the browser called itself
);

CREATE TABLE tokens (
    name    TEXT    PRIMARY KEY,
    hash    TEXT    NOT NULL UNIQUE,              -- SHA-256 of the token
    made    INTEGER NOT NULL,
    used    INTEGER                               -- last, to about an hour
);
