"""Mail: how one is written, how it is handed over, and what is known of what became of it."""
