SELECT json_group_array(json_array(t.seq, {task}))
FROM ({picks}) AS pick
CROSS JOIN task AS t ON t.seq = pick.seq
