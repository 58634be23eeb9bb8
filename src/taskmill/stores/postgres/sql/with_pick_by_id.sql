-- `|| ''` leaves the primary key as the only way: the index of ready tasks would read a backlog.
pick AS (
    SELECT task.id
    FROM taskmill.task AS task
    JOIN taskmill.queue AS queue ON queue.name = task.queue
    WHERE task.id = ANY($9::text[]) AND task.state || '' = 'ready' AND task.run_at <= (SELECT due FROM moment)
      AND NOT queue.paused AND ($4::text[] IS NULL OR queue.name = ANY($4))
      AND (task.expires_at IS NULL OR task.expires_at > (SELECT now FROM moment))
      AND ($7::text[] IS NULL OR task.task_type = ANY($7)) AND ($8::smallint IS NULL OR task.priority = $8) {after_saved}
    ORDER BY task.priority, task.run_at, task.seq
    LIMIT $3
    FOR UPDATE OF task SKIP LOCKED
)
