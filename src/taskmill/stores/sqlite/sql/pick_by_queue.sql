-- The first few of every queue and priority, read from the index alone, then merged: the cost does not grow with the
-- backlog, but for tasks that have expired or are of types that are not asked for. The rows come out as the claim that start.sql makes of them.
SELECT json_group_array(t.seq), json_group_array({claim})
FROM (
    SELECT t.seq
    FROM queue AS q
    CROSS JOIN json_each(:priorities) AS p
    CROSS JOIN task AS t
    WHERE NOT q.paused
      AND (:queues IS NULL OR q.name IN (SELECT value FROM json_each(:queues)))
      AND t.seq IN (
          SELECT seq FROM task
          WHERE state = 'ready' AND queue = q.name AND priority = p.value AND run_at <= :due
            AND (expires_at IS NULL OR expires_at > :now)
            AND (:types IS NULL OR task_type IN (SELECT value FROM json_each(:types)))
          ORDER BY run_at, seq
          LIMIT :limit
      )
    ORDER BY q.name <= :after, iif(:after IS NULL, '', q.name), t.priority, t.run_at, t.seq
    LIMIT :limit
) AS pick
CROSS JOIN task AS t ON t.seq = pick.seq
