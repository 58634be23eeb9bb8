-- Tasks of the short routes (POST /tasks) have a number each: 1, 2, 3 …; numbered_task shows them with name and status.

CREATE TABLE task_number (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER task_number_gone AFTER DELETE ON task BEGIN
    DELETE FROM task_number WHERE task_id = OLD.id;
END;

CREATE VIEW numbered_task AS
SELECT number AS id, json_extract(parameters, '$.message') AS name, state AS status, task_id,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1e6, 'unixepoch') AS created_at
FROM task_number JOIN task ON task.id = task_number.task_id
ORDER BY number;
