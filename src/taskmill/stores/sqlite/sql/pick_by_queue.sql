-- The first few of every queue and priority, read from the index, then merged: the cost does not grow with the
-- backlog. The rows come out as the claim that start.sql makes of them.
SELECT json_group_array(t.seq), json_group_array({claim})
FROM (
    SELECT t.seq
    FROM queue AS q
    CROSS JOIN json_each('[1, 2, 3]') AS p
    CROSS JOIN task AS t
    WHERE NOT q.paused
      AND (:queues IS NULL OR q.name IN (SELECT value FROM json_each(:queues)))
      AND t.seq IN (
          SELECT seq FROM task
          WHERE state = 'ready' AND queue = q.name AND priority = p.value AND run_at <= :due
          ORDER BY run_at, seq
          LIMIT :limit
      )
    ORDER BY t.priority, t.run_at, t.seq
    LIMIT :limit
) AS pick
CROSS JOIN task AS t ON t.seq = pick.seq
