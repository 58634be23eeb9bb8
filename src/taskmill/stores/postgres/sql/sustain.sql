WITH moment AS (
    SELECT coalesce($3::bigint, {clock}) AS now, {hasty}
), seen AS (
    UPDATE taskmill.worker SET seen_at = moment.now FROM moment WHERE id = $1
)
UPDATE taskmill.task AS task
SET lease_until = moment.now + $2
FROM moment
WHERE task.state = 'running' AND task.lease_owner = $1
