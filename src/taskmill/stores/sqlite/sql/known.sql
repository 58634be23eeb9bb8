SELECT json_group_array(id) FROM task WHERE id IN (SELECT value FROM json_each(:ids))
