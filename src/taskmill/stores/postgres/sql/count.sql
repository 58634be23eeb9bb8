SELECT count(*) FROM ({picks}) AS pick
