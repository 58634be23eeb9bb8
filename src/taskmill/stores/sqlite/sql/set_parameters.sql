UPDATE task
SET parameters = :parameters, version = version + 1
WHERE id = :id AND version = :version AND state IN ('waiting', 'scheduled', 'ready')
