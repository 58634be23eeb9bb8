INSERT INTO taskmill.task_type ({task_type})
SELECT name, queue, schema, description, options, {clock}
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    AS given (name, queue, schema, description, options)
ORDER BY name
ON CONFLICT (name) DO UPDATE SET {task_type_set}
