UPDATE task
SET lease_until = ?, progress = coalesce(beat.column3, progress)
FROM (VALUES {beat_rows}) AS beat
WHERE task.id = beat.column1 AND task.version = beat.column2 AND task.lease_owner = ?
