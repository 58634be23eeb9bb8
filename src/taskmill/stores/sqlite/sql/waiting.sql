SELECT json_group_array(json_array(queue, task_type, tasks))
FROM (
    SELECT queue, task_type, count(*) AS tasks FROM task INDEXED BY ready
    WHERE state = 'ready'
    GROUP BY queue, task_type
    ORDER BY queue, task_type
)
