-- Tasks with one of these ids, or that hold one of these keys.
SELECT id, hold FROM taskmill.task WHERE id = ANY($1::text[])
UNION ALL
SELECT id, hold FROM taskmill.task WHERE hold IS NOT NULL AND hold = ANY($2::text[])
