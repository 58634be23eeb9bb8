INSERT OR REPLACE INTO worker ({worker}) VALUES {worker_rows}
