-- As notify.sql, in a transaction of its own: nothing is lost with a notification that a crash undoes, so nobody waits
-- for the disk.
SELECT pg_notify(topic, items), hasty
FROM unnest($1::text[], $2::text[]) AS rung (topic, items), (SELECT {hasty}) AS hasty
