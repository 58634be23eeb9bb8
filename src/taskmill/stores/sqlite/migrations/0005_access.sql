-- Users, sessions and tokens are small JSON documents; the audit says who changed what, each line chained to the one before.

CREATE TABLE record (
    kind  TEXT NOT NULL,
    id    TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    number   INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    who      TEXT NOT NULL,
    face     TEXT NOT NULL,
    address  TEXT,
    action   TEXT NOT NULL,
    target   TEXT NOT NULL,
    affected INTEGER NOT NULL,
    outcome  TEXT NOT NULL,
    hash     TEXT NOT NULL                                -- SHA-256 of the hash before and of this line
) STRICT;
