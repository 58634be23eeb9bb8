SELECT id, value FROM taskmill.record
WHERE kind = $1 AND ($2::text[] IS NULL OR id = ANY ($2))
ORDER BY id
