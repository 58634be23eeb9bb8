-- A claim reads past tasks of types that its worker cannot run within the index.
DROP INDEX taskmill.task_ready;
CREATE INDEX task_ready ON taskmill.task (queue, priority, run_at, seq, task_type) WHERE state = 'ready';

-- JSON array of the types that it can run, or null where an older worker does not say.
ALTER TABLE taskmill.worker ADD COLUMN task_types text NOT NULL DEFAULT 'null';
