-- As claim.sql, with the ids of stale decisions. A row that was saved here is not picked.
WITH {with_saved}, {with_moment}, {with_pick}, {with_started}
SELECT ({stale}), ({found}), {claim}
FROM (VALUES (1)) AS always
LEFT JOIN started AS task ON true
ORDER BY {order}
