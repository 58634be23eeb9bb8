SELECT pg_notify(topic, items) FROM unnest($1::text[], $2::text[]) AS rung (topic, items)
