WITH {with_finished}, history AS (
    DELETE FROM taskmill.attempt WHERE task_id = ANY(ARRAY(SELECT id FROM finished))
), numbers AS (
    DELETE FROM taskmill.task_number WHERE task_id = ANY(ARRAY(SELECT id FROM finished))
), gone AS (
    DELETE FROM taskmill.task WHERE id = ANY(ARRAY(SELECT id FROM finished)) RETURNING 1
)
SELECT count(*) FROM gone
