SELECT json_group_array(json_array({line}))
FROM (SELECT * FROM audit WHERE number > :number ORDER BY number LIMIT :limit)
