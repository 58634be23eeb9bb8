SELECT json_group_object(hold, id)
FROM task
WHERE hold IS NOT NULL AND hold IN (SELECT value FROM json_each(:holds))
