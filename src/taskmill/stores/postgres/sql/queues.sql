SELECT queue.name, queue.paused, coalesce(ready.tasks, 0), coalesce(running.tasks, 0), coalesce(scheduled.tasks, 0)
FROM taskmill.queue AS queue
LEFT JOIN (SELECT queue, count(*) AS tasks FROM taskmill.task WHERE state = 'ready' GROUP BY queue) AS ready
    ON ready.queue = queue.name
LEFT JOIN (SELECT queue, count(*) AS tasks FROM taskmill.task WHERE state = 'running' GROUP BY queue) AS running
    ON running.queue = queue.name
LEFT JOIN (SELECT queue, count(*) AS tasks FROM taskmill.task WHERE state = 'scheduled' GROUP BY queue) AS scheduled
    ON scheduled.queue = queue.name
ORDER BY queue.name
