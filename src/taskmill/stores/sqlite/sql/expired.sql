SELECT json_group_array({task})
FROM (
    SELECT * FROM task
    WHERE expires_at <= :now AND expires_at IS NOT NULL AND finished_at IS NULL
    ORDER BY expires_at, seq
    LIMIT :limit
)
