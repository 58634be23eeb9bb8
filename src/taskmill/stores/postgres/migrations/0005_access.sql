-- Users, sessions and tokens are small JSON documents; the audit says who changed what, each line chained to the one before.

CREATE TABLE taskmill.record (
    kind  text COLLATE "C" NOT NULL,
    id    text COLLATE "C" NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE taskmill.audit (
    number   bigint PRIMARY KEY,
    at       bigint NOT NULL,
    who      text NOT NULL,
    face     text NOT NULL,
    address  text,
    action   text NOT NULL,
    target   text NOT NULL,
    affected bigint NOT NULL,
    outcome  text NOT NULL,
    hash     text NOT NULL                                -- SHA-256 of the hash before and of this line
);
