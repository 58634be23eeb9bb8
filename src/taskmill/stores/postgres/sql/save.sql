WITH {with_saved}
SELECT ({stale})
