-- Reads the whole index of running tasks, which is as long as the workers have slots.
SELECT json_group_array(t.seq), json_group_array({taken})
FROM (
    SELECT seq FROM task INDEXED BY running
    WHERE state = 'running'
      AND (lease_until < :now OR lease_owner IN (SELECT value FROM json_each(:dead)))
    ORDER BY lease_until, seq
    LIMIT :limit
) AS pick
CROSS JOIN task AS t ON t.seq = pick.seq
