SELECT json_group_array(json_array({line}))
FROM (
    SELECT * FROM audit
    WHERE number < :below
      AND (:who IS NULL OR who = :who)
      AND (:face IS NULL OR face = :face)
      AND (:action IS NULL OR action = :action)
      AND (:target IS NULL OR target = :target)
      AND (:after IS NULL OR at > :after)
      AND (:before IS NULL OR at < :before)
    ORDER BY number DESC LIMIT :limit
)
