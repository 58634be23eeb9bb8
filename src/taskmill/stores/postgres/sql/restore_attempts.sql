INSERT INTO taskmill.attempt ({attempt})
SELECT * FROM unnest({attempts})
ON CONFLICT DO NOTHING
