SELECT json_group_array(json_array({worker})) FROM (SELECT * FROM worker ORDER BY id)
