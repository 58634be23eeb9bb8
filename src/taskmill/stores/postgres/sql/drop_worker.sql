DELETE FROM taskmill.worker WHERE id = $1
