-- Of the losses, those that nothing but the task can have caused.
ALTER TABLE taskmill.task ADD COLUMN crashes bigint NOT NULL DEFAULT 0;
