SELECT json_group_array(id) FROM (SELECT id FROM task ORDER BY seq DESC LIMIT :count)
