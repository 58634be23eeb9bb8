SELECT json_group_array(json_array(
    q.name, iif(q.paused, json('true'), json('false')),
    coalesce(ready.tasks, 0), coalesce(running.tasks, 0), coalesce(scheduled.tasks, 0)))
FROM (SELECT * FROM queue ORDER BY name) AS q
LEFT JOIN (SELECT queue, count(*) AS tasks FROM task WHERE state = 'ready' GROUP BY queue) AS ready
    ON ready.queue = q.name
LEFT JOIN (SELECT queue, count(*) AS tasks FROM task WHERE state = 'running' GROUP BY queue) AS running
    ON running.queue = q.name
LEFT JOIN (SELECT queue, count(*) AS tasks FROM task WHERE state = 'scheduled' GROUP BY queue) AS scheduled
    ON scheduled.queue = q.name
