SELECT task_id, number FROM taskmill.task_number WHERE task_id = ANY($1::text[])
