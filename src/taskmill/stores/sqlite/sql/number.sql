INSERT INTO task_number (task_id)
SELECT id FROM task WHERE id = :id AND id NOT IN (SELECT task_id FROM task_number)
