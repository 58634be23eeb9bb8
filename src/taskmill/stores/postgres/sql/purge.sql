WITH {with_finished}, history AS (
    DELETE FROM taskmill.attempt WHERE task_id IN (SELECT id FROM finished)
), gone AS (
    DELETE FROM taskmill.task WHERE id IN (SELECT id FROM finished) RETURNING 1
)
SELECT count(*) FROM gone
