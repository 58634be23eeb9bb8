-- The rows, and the promotions that promote.sql makes of them.
SELECT json_group_array(t.seq), json_group_array({promotion})
FROM (
    SELECT seq FROM task
    WHERE state = 'scheduled' AND run_at <= :now
    ORDER BY run_at, seq
    LIMIT :limit
) AS pick
CROSS JOIN task AS t ON t.seq = pick.seq
