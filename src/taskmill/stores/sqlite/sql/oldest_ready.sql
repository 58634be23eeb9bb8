SELECT min((
    SELECT run_at FROM task
    WHERE state = 'ready' AND queue = q.name AND priority = p.value
    ORDER BY run_at LIMIT 1
))
FROM queue AS q CROSS JOIN json_each('[1, 2, 3]') AS p
