SELECT json_group_array(json_array(seq, {task}))
FROM (SELECT * FROM task WHERE seq > :after ORDER BY seq LIMIT :limit)
