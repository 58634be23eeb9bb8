SELECT {attempt} FROM taskmill.attempt WHERE task_id = $1 ORDER BY version
