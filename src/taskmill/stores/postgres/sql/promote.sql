WITH due AS (
    SELECT id FROM taskmill.task
    WHERE state = 'scheduled' AND run_at <= $2
    ORDER BY run_at, seq
    LIMIT $1
    FOR UPDATE SKIP LOCKED
), promoted AS (
    UPDATE taskmill.task AS task
    SET state = 'ready', version = task.version + 1
    FROM due
    WHERE task.id = due.id
    RETURNING task.run_at, task.seq, {promotion}
)
SELECT {promotion} FROM promoted AS task ORDER BY run_at, seq
