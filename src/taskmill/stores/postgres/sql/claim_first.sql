-- One task of one queue and priority, the common case of a ticket: a quarter less than claim.sql.
UPDATE taskmill.task AS task
SET {start}
FROM (SELECT coalesce($3::bigint, {clock}) AS now) AS moment
WHERE task.id = (
    SELECT id FROM taskmill.task
    WHERE state = 'ready' AND queue = $4 AND priority = $5 AND ($6::text[] IS NULL OR task_type = ANY($6))
      AND (expires_at IS NULL OR expires_at > moment.now)
      AND NOT EXISTS (SELECT 1 FROM taskmill.queue WHERE name = $4 AND paused)
    ORDER BY run_at, seq
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING {task}
