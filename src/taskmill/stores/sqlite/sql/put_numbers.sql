INSERT INTO task_number (number, task_id)
SELECT value, key
FROM json_each(:numbers)
WHERE key IN (SELECT id FROM task)
  AND key NOT IN (SELECT task_id FROM task_number)
  AND value NOT IN (SELECT number FROM task_number)
ON CONFLICT DO NOTHING
