INSERT INTO taskmill.migration (number) VALUES ($1)
