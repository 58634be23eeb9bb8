UPDATE task
SET version = version + 1, lease_owner = :owner, lease_until = :until
WHERE seq IN (SELECT value FROM json_each(:seqs))
