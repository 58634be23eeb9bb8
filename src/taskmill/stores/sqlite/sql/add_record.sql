INSERT INTO record (kind, id, value) VALUES (:kind, :id, :value)
ON CONFLICT DO NOTHING
