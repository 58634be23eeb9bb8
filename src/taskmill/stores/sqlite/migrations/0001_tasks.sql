-- Times are microseconds since the Unix epoch (UTC), durations microseconds, JSON is text.
-- task_view shows the same with readable times.

CREATE TABLE task (
    seq           INTEGER PRIMARY KEY,              -- age: lower is older
    -- what never changes
    id            TEXT NOT NULL UNIQUE,
    task_type     TEXT NOT NULL,
    queue         TEXT NOT NULL,
    parameters    TEXT NOT NULL,                    -- JSON object
    priority      INTEGER NOT NULL CHECK (priority IN (1, 2, 3)),   -- high, normal, low
    attempt_limit INTEGER NOT NULL,
    retry         TEXT,                             -- JSON: retry policy
    timeout       INTEGER,
    key           TEXT,                             -- unique among unfinished tasks
    tags          TEXT,                             -- JSON array
    created_at    INTEGER NOT NULL,
    -- what changes
    state         TEXT NOT NULL,
    version       INTEGER NOT NULL,                 -- one more with every change of state
    attempt       INTEGER NOT NULL,
    run_at        INTEGER NOT NULL,
    lease_owner   TEXT,
    lease_until   INTEGER,
    cancel        INTEGER NOT NULL,
    progress      TEXT,                             -- JSON
    error         TEXT,                             -- JSON
    result        TEXT,                             -- JSON
    started_at    INTEGER,
    finished_at   INTEGER,
    hold          TEXT,                             -- the key while the task is unfinished
    losses        INTEGER NOT NULL
) STRICT;

-- A lone insert of a ready task dirties three pages: the row, its id, and this.
CREATE INDEX ready ON task (queue, priority, run_at, seq) WHERE state = 'ready';
CREATE INDEX scheduled ON task (run_at, seq, queue) WHERE state = 'scheduled';
CREATE INDEX running ON task (lease_until, seq, lease_owner) WHERE state = 'running';
CREATE INDEX finished ON task (state, finished_at) WHERE finished_at IS NOT NULL;
CREATE UNIQUE INDEX hold ON task (hold) WHERE hold IS NOT NULL;
-- For people: newest first by state. Ready tasks are left out, because it would be a fourth page for every insert.
CREATE INDEX by_state ON task (state) WHERE state <> 'ready';
CREATE INDEX by_key ON task (key) WHERE key IS NOT NULL;

CREATE TABLE attempt (
    task_id     TEXT NOT NULL,
    version     INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    worker      TEXT,
    started_at  INTEGER,
    finished_at INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    error       TEXT,                               -- JSON
    log         TEXT,                               -- JSON array
    PRIMARY KEY (task_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE queue (
    name   TEXT PRIMARY KEY,
    paused INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE task_type (
    name        TEXT PRIMARY KEY,
    queue       TEXT NOT NULL,
    schema      TEXT NOT NULL,                      -- JSON Schema of the parameters
    description TEXT NOT NULL,
    options     TEXT NOT NULL,                      -- JSON
    seen_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE worker (
    id         TEXT PRIMARY KEY,
    host       TEXT NOT NULL,
    pid        INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    queues     TEXT NOT NULL,                       -- JSON array of names, or null for all
    slots      INTEGER NOT NULL,
    running    INTEGER NOT NULL,
    version    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ping (at INTEGER NOT NULL) STRICT;
INSERT INTO ping VALUES (0);

CREATE VIEW task_view AS
SELECT id, task_type, queue, state,
       CASE priority WHEN 1 THEN 'high' WHEN 2 THEN 'normal' ELSE 'low' END AS priority,
       attempt, attempt_limit, parameters, progress, result, error, key, tags,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1e6, 'unixepoch') AS created_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', run_at / 1e6, 'unixepoch') AS run_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1e6, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1e6, 'unixepoch') AS finished_at,
       lease_owner AS worker,
       strftime('%Y-%m-%dT%H:%M:%fZ', lease_until / 1e6, 'unixepoch') AS lease_until
FROM task
ORDER BY seq DESC;
