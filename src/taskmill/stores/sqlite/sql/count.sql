SELECT count(*) FROM ({picks})
