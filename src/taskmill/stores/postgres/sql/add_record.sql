INSERT INTO taskmill.record (kind, id, value) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
RETURNING id
