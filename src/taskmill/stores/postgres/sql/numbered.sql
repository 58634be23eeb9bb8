SELECT task_id FROM taskmill.task_number WHERE number = $1
