UPDATE taskmill.task
SET parameters = $3, version = version + 1
WHERE id = $1 AND version = $2 AND state IN ('waiting', 'scheduled', 'ready')
RETURNING id
