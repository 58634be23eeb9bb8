SELECT json_group_object(task_id, number)
FROM task_number
WHERE task_id IN (SELECT value FROM json_each(:ids))
