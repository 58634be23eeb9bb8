-- Each state is read oldest first from its index, and merged.
SELECT seq, {spec}, {head}
FROM ({picks}) AS pick
ORDER BY seq
LIMIT $2
