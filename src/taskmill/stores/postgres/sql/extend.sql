-- A heartbeat that a crash of the server undoes does no harm, so nobody waits for the disk.
UPDATE taskmill.task AS task
SET lease_until = moment.now + $5, progress = coalesce(beat.progress, task.progress)
FROM unnest($1::text[], $2::bigint[], $3::text[]) AS beat (id, version, progress),
     (SELECT coalesce($6::bigint, {clock}) AS now, {hasty}) AS moment
WHERE task.id = beat.id AND task.version = beat.version AND task.lease_owner = $4
RETURNING task.id
