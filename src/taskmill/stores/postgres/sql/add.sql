-- One row: how many were inserted and, unless all were, which. The rows of a batch are as old as their places in it.
WITH inserted AS (
    INSERT INTO taskmill.task ({spec}, {head})
    SELECT * FROM unnest({tasks})
    ON CONFLICT DO NOTHING
    RETURNING id, hold
)
SELECT count(*),
       CASE WHEN count(*) < cardinality($1) THEN array_agg(id) END,
       CASE WHEN count(*) < cardinality($1) THEN array_agg(hold) END
FROM inserted
