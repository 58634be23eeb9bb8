CREATE TABLE taskmill.migration (
    number     bigint PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)
