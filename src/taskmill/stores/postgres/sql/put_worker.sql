INSERT INTO taskmill.worker ({worker})
SELECT $1::text, $2::text, $3::bigint, $4::bigint, {clock}, $5::text, $6::bigint, $7::bigint, $8::text, $9::text
FROM (SELECT {hasty}) AS hasty
ON CONFLICT (id) DO UPDATE SET {worker_set}
