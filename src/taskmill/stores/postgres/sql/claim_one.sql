-- A lone ready task, the common case of a ticket: a quarter less than claim.sql with one id.
UPDATE taskmill.task AS task
SET {start}
FROM (SELECT coalesce($3::bigint, {clock}) AS now) AS moment
WHERE task.id = (
    SELECT task.id
    FROM taskmill.task AS task
    JOIN taskmill.queue AS queue ON queue.name = task.queue
    WHERE task.id = $5 AND task.state || '' = 'ready'
      AND NOT queue.paused AND ($4::text[] IS NULL OR queue.name = ANY($4))
    FOR UPDATE OF task SKIP LOCKED
)
RETURNING {task}
