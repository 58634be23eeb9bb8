"""What is done in the background, on every worker: heartbeat, promote, reap, purge, look out."""
