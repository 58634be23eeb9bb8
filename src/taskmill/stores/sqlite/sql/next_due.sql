SELECT min(run_at) FROM task WHERE state = 'scheduled'
