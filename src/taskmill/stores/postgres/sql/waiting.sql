SELECT queue, task_type, count(*)
FROM taskmill.task
WHERE state = 'ready'
GROUP BY queue, task_type
ORDER BY queue, task_type
