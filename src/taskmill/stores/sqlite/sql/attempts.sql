SELECT json_group_array(json_array({attempt}))
FROM (SELECT * FROM attempt WHERE task_id IN (SELECT value FROM json_each(:ids)) ORDER BY task_id, version)
