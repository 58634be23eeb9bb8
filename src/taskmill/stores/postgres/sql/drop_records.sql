WITH gone AS (DELETE FROM taskmill.record WHERE kind = $1 AND id = ANY ($2::text[]) RETURNING id)
SELECT count(*) FROM gone
