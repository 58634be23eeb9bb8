SELECT json_group_array(id)
FROM (SELECT id FROM task WHERE id BETWEEN :first AND :last ORDER BY id LIMIT :limit)
