INSERT INTO task ({spec}, {head})
VALUES {rows}
ON CONFLICT DO NOTHING
