-- Every row: nothing stale, how many there were to take, and a claim, if any.
WITH {with_moment}, {with_pick}, {with_started}
SELECT NULL, ({found}), {claim}
FROM (VALUES (1)) AS always
LEFT JOIN started AS task ON true
ORDER BY {order}
