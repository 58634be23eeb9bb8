SELECT json_group_array({task})
FROM task
WHERE id IN (SELECT value FROM json_each(:ids))
