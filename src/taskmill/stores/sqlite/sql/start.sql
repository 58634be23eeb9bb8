UPDATE task
SET state = 'running', version = version + 1, attempt = attempt + 1,
    lease_owner = :owner, lease_until = :until, progress = NULL, started_at = :now, expires_at = NULL
WHERE seq IN (SELECT value FROM json_each(:seqs))
