SELECT id, version FROM taskmill.task WHERE id = ANY($1::text[])
