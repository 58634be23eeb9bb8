INSERT INTO taskmill.record (kind, id, value) VALUES ($1, $2, $3)
ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value
RETURNING id
