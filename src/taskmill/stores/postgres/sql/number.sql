INSERT INTO taskmill.task_number (task_id)
SELECT id FROM taskmill.task
WHERE id = $1 AND NOT EXISTS (SELECT FROM taskmill.task_number WHERE task_id = $1)
ON CONFLICT DO NOTHING
