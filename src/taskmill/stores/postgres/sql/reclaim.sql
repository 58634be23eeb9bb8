-- Reads all running tasks, which are as many as the workers have slots.
WITH moment AS (
    SELECT coalesce($5::bigint, {clock}) AS now
), pick AS (
    SELECT id, lease_until AS ended_at FROM taskmill.task
    WHERE state = 'running' AND (lease_until < (SELECT now FROM moment) OR lease_owner = ANY($4::text[]))
    ORDER BY lease_until, seq
    LIMIT $3
    FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE taskmill.task AS task
    SET version = task.version + 1, lease_owner = $1, lease_until = moment.now + $2
    FROM pick, moment
    WHERE task.id = pick.id
    RETURNING pick.ended_at, task.seq, {task}
)
SELECT {claim} FROM taken AS task ORDER BY ended_at, seq
