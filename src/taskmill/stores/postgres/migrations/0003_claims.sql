-- Not started after this time: it ends as cancelled then. NULL once an attempt began.
ALTER TABLE taskmill.task ADD COLUMN expires_at bigint;
CREATE INDEX task_expiring ON taskmill.task (expires_at) WHERE expires_at IS NOT NULL AND finished_at IS NULL;

-- A claim reads past tasks that have expired, or of types that its worker cannot run, within the index.
DROP INDEX taskmill.task_ready;
CREATE INDEX task_ready ON taskmill.task (queue, priority, run_at, seq, task_type, expires_at) WHERE state = 'ready';

-- JSON array of the types that it can run, or null where an older worker does not say.
ALTER TABLE taskmill.worker ADD COLUMN task_types text NOT NULL DEFAULT 'null';
