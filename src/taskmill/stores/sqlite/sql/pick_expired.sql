SELECT json_group_array(t.seq), json_group_array({taken})
FROM (
    SELECT seq FROM task WHERE state = 'running' AND lease_until < :now
    ORDER BY lease_until, seq
    LIMIT :limit
) AS pick
CROSS JOIN task AS t ON t.seq = pick.seq
