SELECT number, hash FROM taskmill.audit ORDER BY number DESC LIMIT 1
