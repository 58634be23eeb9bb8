"""The store in one SQLite file: several processes on one machine share it, without a server."""
