SELECT {line} FROM taskmill.audit
WHERE number < $1
  AND ($3::text IS NULL OR who = $3)
  AND ($4::text IS NULL OR face = $4)
  AND ($5::text IS NULL OR action = $5)
  AND ($6::text IS NULL OR target = $6)
  AND ($7::bigint IS NULL OR at > $7)
  AND ($8::bigint IS NULL OR at < $8)
ORDER BY number DESC LIMIT $2
