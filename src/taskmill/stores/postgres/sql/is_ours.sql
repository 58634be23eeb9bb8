-- Whether there is a schema of our name, whether its migrations are kept in it, and the encoding of the database. Asked
-- of the tables themselves: what to_regclass did not find, a session may go on not finding while another one makes it.
SELECT count(*) > 0, count(c.oid) > 0, current_setting('server_encoding')
FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'migration'
WHERE n.nspname = 'taskmill'
