DELETE FROM record WHERE kind = :kind AND id IN (SELECT value FROM json_each(:ids))
