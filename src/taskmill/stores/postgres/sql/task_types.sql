SELECT {task_type} FROM taskmill.task_type ORDER BY name
