UPDATE taskmill.task AS task
SET {set}
FROM unnest({decisions}) AS decision (id, {head})
WHERE task.id = decision.id AND task.version < decision.version
