-- A lone task, the common case: its values as they are cost a third less than an array for each.
INSERT INTO taskmill.task ({spec}, {head})
VALUES ({values})
ON CONFLICT DO NOTHING
