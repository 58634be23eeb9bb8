INSERT INTO taskmill.audit ({line}) SELECT * FROM unnest({lines})
