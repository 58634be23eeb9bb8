UPDATE task
SET state = 'running', version = version + 1, attempt = attempt + 1,
    lease_owner = :owner, lease_until = :until, progress = NULL, started_at = :now
WHERE seq IN (SELECT value FROM json_each(:seqs))
