-- Of the losses, those that nothing but the task can have caused.
ALTER TABLE task ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
