INSERT INTO task ({spec}, {head})
VALUES {task_rows}
ON CONFLICT DO NOTHING
