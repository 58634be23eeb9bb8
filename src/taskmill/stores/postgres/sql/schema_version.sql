SELECT max(number) FROM taskmill.migration
