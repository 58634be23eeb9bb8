-- A claim reads past tasks of types that its worker cannot run without leaving the index.
DROP INDEX ready;
CREATE INDEX ready ON task (queue, priority, run_at, seq, task_type) WHERE state = 'ready';

-- JSON array of the types that it can run, or null where an older worker does not say.
ALTER TABLE worker ADD COLUMN task_types TEXT NOT NULL DEFAULT 'null';
