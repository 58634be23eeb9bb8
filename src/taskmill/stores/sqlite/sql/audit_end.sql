SELECT json_array(number, hash) FROM audit ORDER BY number DESC LIMIT 1
