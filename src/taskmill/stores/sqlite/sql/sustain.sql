UPDATE task INDEXED BY running
SET lease_until = :until
WHERE state = 'running' AND lease_owner = :owner
