SELECT json_group_object(state, tasks)
FROM (
    SELECT 'ready' AS state, count(*) AS tasks FROM task WHERE state = 'ready'
    UNION ALL
    SELECT state, count(*) FROM task WHERE state <> 'ready' GROUP BY state
)
