-- Until the end of the transaction: one migrates at a time, and waits for a table no longer than the others can.
SELECT pg_advisory_xact_lock($1), set_config('lock_timeout', $2, true)
