-- The first few of every queue and priority are read from the index and merged: that tells how many of each to take.
-- Then exactly so many are locked, past those that somebody else has locked: the cost does not grow with the backlog
-- (but for tasks that have expired or are of types that are not asked for), and no two claimers want the same rows.
share AS (
    SELECT queue, priority, count(*) AS size
    FROM (
        SELECT task.queue, task.priority
        FROM taskmill.queue AS queue
        CROSS JOIN (VALUES (1), (2), (3)) AS priority (rank)
        CROSS JOIN LATERAL (
            SELECT queue, priority, run_at, seq FROM taskmill.task
            WHERE state = 'ready' AND queue = queue.name AND priority = priority.rank
              AND run_at <= (SELECT due FROM moment) AND ($7::text[] IS NULL OR task_type = ANY($7))
              AND (expires_at IS NULL OR expires_at > (SELECT now FROM moment))
            ORDER BY run_at, seq
            LIMIT $3
        ) AS task
        WHERE NOT queue.paused AND ($4::text[] IS NULL OR queue.name = ANY($4))
          AND ($8::smallint IS NULL OR priority.rank = $8) {after_saved}
        ORDER BY {order}
        LIMIT $3
    ) AS first
    GROUP BY queue, priority
), pick AS (
    SELECT task.id
    FROM share
    CROSS JOIN LATERAL (
        SELECT id FROM taskmill.task
        WHERE state = 'ready' AND queue = share.queue AND priority = share.priority
          AND run_at <= (SELECT due FROM moment) AND ($7::text[] IS NULL OR task_type = ANY($7))
          AND (expires_at IS NULL OR expires_at > (SELECT now FROM moment))
        ORDER BY run_at, seq
        LIMIT share.size
        FOR UPDATE SKIP LOCKED
    ) AS task
)
