INSERT INTO queue (name, paused) VALUES (:name, :paused)
ON CONFLICT DO UPDATE SET paused = excluded.paused
