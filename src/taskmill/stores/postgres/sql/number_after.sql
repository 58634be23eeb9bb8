SELECT setval(
    'taskmill.task_number_number_seq',
    greatest(last_value, (SELECT max(number) FROM taskmill.task_number))
)
FROM taskmill.task_number_number_seq
WHERE EXISTS (SELECT FROM taskmill.task_number)
