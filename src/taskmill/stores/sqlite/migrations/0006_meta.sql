-- What is said about a task beside its parameters: the caller's own pairs, who made it, the trace it is part of.

ALTER TABLE task ADD COLUMN meta TEXT;                     -- JSON object
