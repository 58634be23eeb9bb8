"""Live feeds carry state changes, progress and log lines to whoever watches. Best effort."""
