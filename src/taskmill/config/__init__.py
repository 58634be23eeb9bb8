"""Settings: what they are (settings), where they come from (load), what is wrong with them (check)."""
