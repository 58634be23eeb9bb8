SELECT json_group_array(seq), json_group_array(id), count(*)
FROM (
    SELECT seq, id FROM task
    WHERE state IN (SELECT value FROM json_each(:states)) AND finished_at IS NOT NULL AND finished_at < :before
    LIMIT :limit
)
