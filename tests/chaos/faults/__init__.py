"""Two servers and four workers under load while things break, and a checker that knows nothing of how they work."""
