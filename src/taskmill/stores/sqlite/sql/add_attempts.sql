INSERT INTO attempt ({attempt})
VALUES {attempt_rows}
ON CONFLICT DO NOTHING
