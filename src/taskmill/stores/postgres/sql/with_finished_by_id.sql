-- As in with_pick_by_id.sql, the primary key is the only way.
finished AS (
    SELECT id FROM taskmill.task
    WHERE id = ANY($4::text[]) AND state || '' = ANY($2::text[]) AND finished_at + 0 < $3
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
