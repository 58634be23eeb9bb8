moment AS (
    SELECT now, CASE $5::bigint WHEN 0 THEN 9223372036854775807 ELSE now - $5 END AS due
    FROM (SELECT coalesce($6::bigint, {clock}) AS now) AS clock
)
