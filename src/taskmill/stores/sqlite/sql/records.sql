SELECT json_group_object(id, value)
FROM (
    SELECT id, value FROM record
    WHERE kind = :kind AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
    ORDER BY id
)
