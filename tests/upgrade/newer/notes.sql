-- What a step may do while workers of the schema before go on: add.
ALTER TABLE taskmill.task ADD COLUMN note text;
CREATE INDEX task_by_note ON taskmill.task (note) WHERE note IS NOT NULL;
ALTER TABLE taskmill.worker ADD COLUMN zone text NOT NULL DEFAULT 'somewhere';
CREATE TABLE taskmill.note (text text);
