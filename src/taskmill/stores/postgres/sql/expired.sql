SELECT {task} FROM taskmill.task AS task
WHERE expires_at <= coalesce($2::bigint, {clock}) AND expires_at IS NOT NULL AND finished_at IS NULL
ORDER BY expires_at, seq
LIMIT $1
