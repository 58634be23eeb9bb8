UPDATE OR IGNORE task
SET {set}
FROM (VALUES {rows}) AS decision
WHERE task.id = decision.column1 AND task.version < decision.column3
