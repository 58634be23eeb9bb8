-- When the next scheduled task is due, and the time now.
SELECT (SELECT run_at FROM taskmill.task WHERE state = 'scheduled' ORDER BY run_at, seq LIMIT 1),
       coalesce($1::bigint, {clock})
