INSERT INTO attempt ({attempt})
VALUES {attempt_rows}
