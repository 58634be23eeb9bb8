SELECT state, count(*) FROM taskmill.task GROUP BY state
