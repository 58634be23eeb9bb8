SELECT {worker} FROM taskmill.worker ORDER BY id
