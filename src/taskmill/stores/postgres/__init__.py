"""The store in a PostgreSQL database: several programs on several hosts share it."""
