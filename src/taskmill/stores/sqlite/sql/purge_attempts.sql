DELETE FROM attempt WHERE task_id IN (SELECT value FROM json_each(:ids))
