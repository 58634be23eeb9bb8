INSERT INTO attempt ({attempt})
VALUES {rows}
