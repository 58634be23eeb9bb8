SELECT min(task.run_at)
FROM taskmill.queue AS queue
CROSS JOIN (VALUES (1), (2), (3)) AS priority (rank)
CROSS JOIN LATERAL (
    SELECT run_at FROM taskmill.task
    WHERE state = 'ready' AND queue = queue.name AND priority = priority.rank
    ORDER BY run_at, seq
    LIMIT 1
) AS task
