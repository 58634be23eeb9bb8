DELETE FROM taskmill.audit WHERE number <= $1
