INSERT INTO queue (name)
SELECT value FROM json_each(:names) WHERE true
ON CONFLICT DO NOTHING
