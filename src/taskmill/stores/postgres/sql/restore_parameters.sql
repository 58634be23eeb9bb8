UPDATE taskmill.task SET parameters = $3 WHERE id = $1 AND version = $2 AND parameters <> $3
