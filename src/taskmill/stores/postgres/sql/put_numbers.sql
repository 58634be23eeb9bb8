INSERT INTO taskmill.task_number (number, task_id)
SELECT number, task_id
FROM unnest($1::bigint[], $2::text[]) AS given (number, task_id)
WHERE task_id IN (SELECT id FROM taskmill.task)
ON CONFLICT DO NOTHING
