UPDATE task
SET state = 'ready', version = version + 1
WHERE seq IN (SELECT value FROM json_each(:seqs))
