-- Each row follows the order in which its decision was given, so that two batches do not wait for each other.
decision AS (
    SELECT * FROM unnest({decisions}) AS decision (id, {head})
), saved AS (
    UPDATE taskmill.task AS task
    SET {set}
    FROM decision
    WHERE task.id = decision.id AND task.version = decision.version - 1
    RETURNING task.id
), kept AS (
    INSERT INTO taskmill.attempt ({attempt})
    SELECT * FROM unnest({attempts}) AS ended ({attempt})
    WHERE (ended.task_id IN (SELECT id FROM saved)) IS TRUE     -- by a hash, whatever the planner may think of joins
    ON CONFLICT DO NOTHING                                      -- a save conflicts only over a key
)
