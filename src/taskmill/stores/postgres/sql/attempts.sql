SELECT {attempt} FROM taskmill.attempt WHERE task_id = ANY($1::text[]) ORDER BY task_id, version
