-- Whether there is a schema of our name, and whether its migrations are kept in it.
SELECT to_regnamespace('taskmill') IS NOT NULL, to_regclass('taskmill.migration') IS NOT NULL
