SELECT json_group_array(json_array({attempt}))
FROM (SELECT * FROM attempt WHERE task_id = :id ORDER BY version)
