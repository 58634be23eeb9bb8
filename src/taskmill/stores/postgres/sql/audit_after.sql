SELECT {line} FROM taskmill.audit WHERE number > $1 ORDER BY number LIMIT $2
