UPDATE OR IGNORE task
SET {set}
FROM (VALUES {decision_rows}) AS decision
WHERE task.id = decision.column1 AND task.version < {new_version}
