SELECT json_group_object(id, version)
FROM task
WHERE id IN (SELECT value FROM json_each(:ids))
