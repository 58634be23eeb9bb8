-- What is said about a task beside its parameters: the caller's own pairs, who made it, the trace it is part of.

ALTER TABLE taskmill.task ADD COLUMN meta text;                 -- JSON object
