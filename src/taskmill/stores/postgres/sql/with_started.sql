started AS (
    UPDATE taskmill.task AS task
    SET {start}
    FROM pick, moment
    WHERE task.id = pick.id
    RETURNING task.seq, {task}
)
