SELECT {task} FROM taskmill.task AS task WHERE id = ANY($1::text[])
