SELECT json_group_array(seq), json_group_array(DISTINCT queue), count(*)
FROM (
    SELECT seq, queue FROM task
    WHERE state = 'scheduled' AND run_at <= :now
    ORDER BY run_at, seq
    LIMIT :limit
)
