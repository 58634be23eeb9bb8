SELECT count(*) FROM (SELECT 1 FROM task WHERE state = 'ready' LIMIT :few)
