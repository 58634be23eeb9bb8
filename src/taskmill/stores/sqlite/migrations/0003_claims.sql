-- Not started after this time: it ends as cancelled then. NULL once an attempt began.
ALTER TABLE task ADD COLUMN expires_at INTEGER;
CREATE INDEX expiring ON task (expires_at) WHERE expires_at IS NOT NULL AND finished_at IS NULL;

-- A claim reads past tasks that have expired, or of types that its worker cannot run, without leaving the index.
DROP INDEX ready;
CREATE INDEX ready ON task (queue, priority, run_at, seq, task_type, expires_at) WHERE state = 'ready';

-- JSON array of the types that it can run, or null where an older worker does not say.
ALTER TABLE worker ADD COLUMN task_types TEXT NOT NULL DEFAULT 'null';
