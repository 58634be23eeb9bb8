INSERT OR REPLACE INTO worker ({worker}) VALUES {rows}
