SELECT json_group_array(json_array(id, version))
FROM task
WHERE id IN (SELECT value FROM json_each(:ids)) AND lease_owner = :owner
