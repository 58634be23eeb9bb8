started AS (
    UPDATE taskmill.task AS task
    SET state = 'running', version = task.version + 1, attempt = task.attempt + 1,
        lease_owner = $1, lease_until = moment.now + $2, progress = NULL, started_at = moment.now
    FROM pick, moment
    WHERE task.id = pick.id
    RETURNING task.seq, {task}
)
