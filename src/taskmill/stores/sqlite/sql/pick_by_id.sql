SELECT json_group_array(t.seq), json_group_array({claim})
FROM (
    SELECT t.seq
    FROM json_each(:ids) AS wanted
    CROSS JOIN task AS t ON t.id = wanted.value
    CROSS JOIN queue AS q ON q.name = t.queue
    WHERE t.state = 'ready' AND t.run_at <= :due AND NOT q.paused
      AND (t.expires_at IS NULL OR t.expires_at > :now)
      AND (:queues IS NULL OR q.name IN (SELECT value FROM json_each(:queues)))
      AND (:types IS NULL OR t.task_type IN (SELECT value FROM json_each(:types)))
      AND t.priority IN (SELECT value FROM json_each(:priorities))
    GROUP BY t.seq
    ORDER BY t.priority, t.run_at, t.seq
    LIMIT :limit
) AS pick
CROSS JOIN task AS t ON t.seq = pick.seq
