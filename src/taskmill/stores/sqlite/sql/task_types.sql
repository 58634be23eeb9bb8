SELECT json_group_array(json_array({task_type})) FROM (SELECT * FROM task_type ORDER BY name)
