"""The statements of the SQLite store, one whole statement a file."""
