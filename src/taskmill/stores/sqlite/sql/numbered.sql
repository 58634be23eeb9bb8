SELECT (SELECT task_id FROM task_number WHERE number = :number)
