INSERT INTO taskmill.queue (name)
SELECT unnest($1::text[])
ON CONFLICT DO NOTHING
