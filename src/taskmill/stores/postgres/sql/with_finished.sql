finished AS (
    SELECT id FROM taskmill.task
    WHERE state = ANY($2::text[]) AND finished_at IS NOT NULL AND finished_at < $3
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
