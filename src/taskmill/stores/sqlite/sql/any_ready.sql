-- Cheap when nothing is ready at all: the index is empty then.
SELECT EXISTS (SELECT 1 FROM task WHERE state = 'ready')
   AND EXISTS (
       SELECT 1 FROM queue AS q
       WHERE NOT q.paused
         AND (:queues IS NULL OR q.name IN (SELECT value FROM json_each(:queues)))
         AND EXISTS (
             SELECT 1 FROM task
             WHERE state = 'ready' AND queue = q.name
               AND (:types IS NULL OR task_type IN (SELECT value FROM json_each(:types)))
         )
   )
