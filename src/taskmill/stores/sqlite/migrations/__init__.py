"""The steps of the schema: NNNN_name.sql, applied in order; `PRAGMA user_version` is the number of the last one."""
